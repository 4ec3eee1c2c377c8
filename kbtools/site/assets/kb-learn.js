/* What a reader has read and solved. It is kept in this browser and sent nowhere; where a browser keeps nothing, the
   boxes stay hidden. A record is {"version": 1, "read": {page: day}, "solved": {"page n": day}}. */
(() => {
  "use strict"
  const base = new URL("..", document.currentScript.src).pathname
  const KEY = `kb-progress:${base}`
  const CAME = `kb-path:${base}`
  const KINDS = ["read", "solved"]

  const all = (selector, root = document) => [...root.querySelectorAll(selector)]
  const one = (selector, root = document) => root.querySelector(selector)

  const parse = (text) => {
    const found = JSON.parse(text)
    if (!found || found.version !== 1) throw new TypeError("not a record")
    const record = {}
    for (const kind of KINDS) {
      const held = found[kind]
      if (!held || typeof held !== "object" || Array.isArray(held)) throw new TypeError("not a record")
      record[kind] = new Map(Object.entries(held).filter(([, day]) => /^\d{4}-\d\d-\d\d$/.test(day)))
    }
    return record
  }

  const write = (record) => JSON.stringify(
    { version: 1, ...Object.fromEntries(KINDS.map((kind) => [kind, Object.fromEntries([...record[kind]].sort())])) }, null, 1)

  const load = () => {
    try {
      return parse(localStorage.getItem(KEY))
    } catch {
      return { read: new Map(), solved: new Map() }
    }
  }

  const save = (record) => {
    try {
      localStorage.setItem(KEY, write(record))
      return true
    } catch {
      return false
    }
  }

  const kept = () => {
    try {
      localStorage.setItem(`${KEY}:probe`, "1")
      localStorage.removeItem(`${KEY}:probe`)
      return true
    } catch {
      return false
    }
  }

  const session = (path) => {
    try {
      if (path !== undefined) sessionStorage.setItem(CAME, path)
      return sessionStorage.getItem(CAME)
    } catch {
      return null
    }
  }

  const today = () => {
    const now = new Date()
    return new Date(now - now.getTimezoneOffset() * 60000).toISOString().slice(0, 10)
  }

  const set = (kind, name, on) => {
    const record = load()
    if (on) record[kind].set(name, record[kind].get(name) ?? today())
    else record[kind].delete(name)
    save(record)
    show()
  }

  const lessons = () => [...new Set(all("[data-kb-lesson]").map((item) => item.dataset.kbLesson))]

  const show = () => {
    const record = load()
    for (const box of all("[data-kb-done]")) box.checked = record.read.has(box.dataset.kbDone)
    for (const box of all("[data-kb-solved]")) {
      box.checked = record.solved.has(box.dataset.kbSolved)
      box.closest(".kb-solution").classList.toggle("kb-is-solved", box.checked)
    }
    for (const item of all("[data-kb-lesson]")) {
      item.classList.toggle("kb-is-read", record.read.has(item.dataset.kbLesson))
    }
    for (const told of all("[data-kb-exercises]")) {
      const [, page, count] = /^(.*) (\d+)$/.exec(told.dataset.kbExercises)
      let solved = 0
      for (let n = 1; n <= Number(count); n++) solved += record.solved.has(`${page} ${n}`)
      told.textContent = solved ? `연습 ${solved}/${count}개` : `연습 ${count}개`
    }
    for (const card of all("[data-kb-lessons]")) {
      const pages = JSON.parse(card.dataset.kbLessons)
      bar(card, pages.filter((page) => record.read.has(page)).length, pages.length)
    }
    for (const panel of all(".kb-path")) {
      const pages = lessons()
      bar(panel, pages.filter((page) => record.read.has(page)).length, pages.length)
      const next = all("[data-kb-lesson]").find((item) => !record.read.has(item.dataset.kbLesson))
      const link = one(".kb-path-continue", panel)
      link.hidden = !next
      if (next) {
        const to = one("a.kb-link", next)
        link.href = to.href
        link.textContent = pages.some((page) => record.read.has(page)) ? `이어서 읽기: ${to.textContent}` : "처음부터 읽기"
      }
    }
  }

  const bar = (root, done, count) => {
    const progress = one("progress", root)
    progress.max = Math.max(1, count)
    progress.value = done
    one(".kb-path-count", root).textContent = done && done === count ? `${count}편 모두 읽음` : `${done}/${count}편 읽음`
    progress.hidden = false
  }

  /* A page may be part of several paths: the one its reader came along stands first, and leads on alone. */
  const choose = () => {
    const came = session()
    const rows = all(".kb-course-path")
    const mine = rows.find((row) => row.dataset.kbPath === came)
    if (!mine || rows.length < 2) return
    mine.classList.add("kb-is-current")
    mine.parentElement.prepend(mine)
    for (const nav of all(".kb-course-next")) nav.hidden = nav.dataset.kbPath !== came
  }

  const remember = (event) => {
    const link = event.target.closest?.("a[href]")
    if (!link) return
    const from = link.closest(".kb-course-next")?.dataset.kbPath
      ?? (link.closest(".kb-lesson, .kb-path") && one(".kb-path")?.dataset.kbPath)
    if (from) session(from)
  }

  const say = (text) => { one(".kb-path-said").textContent = text }

  const download = () => {
    const link = document.createElement("a")
    link.href = URL.createObjectURL(new Blob([write(load())], { type: "application/json" }))
    link.download = "kb-progress.json"
    link.click()
    URL.revokeObjectURL(link.href)
    say("kb-progress.json으로 내보냈습니다.")
  }

  const take = async (file) => {
    let found
    try {
      found = parse(await file.text())
    } catch {
      say("이 파일은 진행 기록이 아닙니다. 아무것도 바꾸지 않았습니다.")
      return
    }
    const record = load()
    for (const kind of KINDS) {
      for (const [name, day] of found[kind]) {
        const old = record[kind].get(name)
        record[kind].set(name, old && old < day ? old : day)
      }
    }
    save(record)
    show()
    say(`읽은 문서 ${found.read.size}편, 푼 연습 ${found.solved.size}개를 더했습니다.`)
  }

  const clear = () => {
    const record = load()
    const pages = new Set(lessons())
    for (const page of pages) record.read.delete(page)
    for (const name of [...record.solved.keys()]) if (pages.has(name.replace(/ \d+$/, ""))) record.solved.delete(name)
    save(record)
    show()
    say("이 경로의 기록을 지웠습니다.")
  }

  const start = () => {
    choose()
    if (!kept()) return
    for (const held of all(".kb-done, .kb-path-live, .kb-course-done, .kb-solved, .kb-card-live")) held.hidden = false
    show()
  }

  document.addEventListener("click", remember)
  document.addEventListener("auxclick", remember)
  document.addEventListener("change", (event) => {
    const box = event.target
    if (box.dataset?.kbDone) set("read", box.dataset.kbDone, box.checked)
    else if (box.dataset?.kbSolved) set("solved", box.dataset.kbSolved, box.checked)
    else if (box.matches?.(".kb-path-file") && box.files[0]) take(box.files[0]).finally(() => { box.value = "" })
  })
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.(".kb-path-tools button")
    if (!button) return
    if (button.matches(".kb-path-export")) download()
    else if (button.matches(".kb-path-import")) one(".kb-path-file").click()
    else if (button.matches(".kb-path-clear")) clear()
  })
  addEventListener("storage", (event) => { if (event.key === KEY) show() })
  addEventListener("pageshow", (event) => { if (event.persisted) show() })
  if (window.document$) window.document$.subscribe(start)
  else if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start)
  else start()
})()
