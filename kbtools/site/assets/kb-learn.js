/* What a reader has read and solved. It is kept in this browser and sent nowhere; where a browser keeps nothing, the
   boxes stay hidden. A record is {"version": 1, "read": {page: day}, "solved": {"page n": day}}. */
(() => {
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
      const [, page, held] = /^(.*) (\d+)$/.exec(told.dataset.kbExercises)
      let solved = 0
      for (let n = 1; n <= Number(held); n++) solved += record.solved.has(`${page} ${n}`)
      told.textContent = solved ? _("{solved} of {all} exercises solved", { solved, all: held }) : many("{count} exercise", "{count} exercises", Number(held))
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
        link.textContent = pages.some((page) => record.read.has(page)) ? _("Go on reading: {page}", { page: to.textContent }) : _("Start reading")
      }
    }
  }

  const bar = (root, done, all) => {
    const progress = one("progress", root)
    progress.max = Math.max(1, all)
    progress.value = done
    one(".kb-path-count", root).textContent = done && done === all ? many("Page read", "All {count} pages read", all) : _("{done} of {all} pages read", { done, all })
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
    say(_("Exported as {file}.", { file: "kb-progress.json" }))
  }

  const take = async (file) => {
    let found
    try {
      found = parse(await file.text())
    } catch {
      say(_("This file holds no progress. Nothing was changed."))
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
    say(_("Added: pages read {read}, exercises solved {solved}.", { read: found.read.size, solved: found.solved.size }))
  }

  const clear = () => {
    const record = load()
    const pages = new Set(lessons())
    for (const page of pages) record.read.delete(page)
    for (const name of [...record.solved.keys()]) if (pages.has(name.replace(/ \d+$/, ""))) record.solved.delete(name)
    save(record)
    show()
    say(_("The progress of this path was cleared."))
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
