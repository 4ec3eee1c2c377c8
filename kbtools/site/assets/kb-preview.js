// Previews of pages: on hover and focus, and on a long press. Read from a small file beside each page, when first wanted.
(() => {
  if (location.protocol === "file:") return // there a page may not read files; links work all the same
  const LINKS = ".md-content a.kb-link:not(.kb-ambiguous, .kb-missing, .kb-file), .kb-backlinks li > a, .kb-notice a"
  const held = new Map()
  let card, current, timer, pressed

  const addressOf = (link) => {
    const url = new URL(link.href)
    if (url.origin !== location.origin) return null
    if (url.pathname === location.pathname && !url.hash) return null
    const path = url.pathname.replace(/index\.html$/, "")
    return path.endsWith("/") ? `${path}preview.json` : path.replace(/(\.html)?$/, ".preview.json")
  }

  const read = (address) => {
    if (!held.has(address)) {
      held.set(address, fetch(address).then((answer) => (answer.ok ? answer.json() : null)).catch(() => null))
    }
    return held.get(address)
  }

  const add = (parent, tag, kind, text) => {
    const element = parent.appendChild(document.createElement(tag))
    if (kind) element.className = kind
    if (text) element.textContent = text // what pages say is never markup here
    return element
  }

  const fill = (data, hash) => {
    card.replaceChildren()
    let id = ""
    try { id = decodeURIComponent(hash.slice(1)) } catch { /* no id */ }
    const part = Object.hasOwn(data.parts ?? {}, id) ? data.parts[id] : null
    add(card, "strong", "kb-preview-title", part ? `${data.title} › ${part[0]}` : data.title)
    if (data.status || data.trust) {
      const row = add(card, "span", "kb-preview-facts")
      if (data.status) add(row, "span", `kb-status kb-status-${data.status[1]}`, data.status[0])
      if (data.trust) {
        add(row, "span", `kb-grade kb-grade-${data.trust[2]}`, data.trust[0])
        add(row, "span", "kb-preview-note", data.trust[1])
      }
    }
    if (data.instead) add(card, "span", "kb-preview-note", data.instead)
    const text = (part && part[1]) || data.text
    if (text) add(card, "span", "kb-preview-text", text)
  }

  const place = (link) => {
    const box = link.getClientRects()[0] ?? link.getBoundingClientRect()
    const gap = 6, edge = 8
    const width = document.documentElement.clientWidth
    card.style.left = "0px"
    card.style.top = "0px"
    const left = Math.max(edge, Math.min(box.left, width - card.offsetWidth - edge))
    const below = box.bottom + gap
    const above = box.top - gap - card.offsetHeight
    const top = below + card.offsetHeight > innerHeight && above > 0 ? above : below
    card.style.left = `${left + scrollX}px`
    card.style.top = `${top + scrollY}px`
  }

  const hide = () => {
    clearTimeout(timer)
    current?.removeAttribute("aria-describedby")
    current = undefined
    if (card) card.hidden = true
  }

  const show = async (link) => {
    const address = addressOf(link)
    if (!address) return false
    current = link
    const data = await read(address)
    if (!data || current !== link || !link.isConnected) return false
    if (!card) {
      card = add(document.body, "div", "kb-preview")
      card.id = "kb-preview"
      card.setAttribute("role", "tooltip")
      card.addEventListener("pointerenter", () => clearTimeout(timer))
      card.addEventListener("pointerleave", () => later(hide, 200))
    }
    fill(data, new URL(link.href).hash)
    card.hidden = false
    place(link)
    if (link.title) {
      link.dataset.kbTitle = link.title // the browser's own hint would lie over the card
      link.removeAttribute("title")
    }
    link.setAttribute("aria-describedby", card.id)
    return true
  }

  const later = (work, wait) => {
    clearTimeout(timer)
    timer = setTimeout(work, wait)
  }
  const linkOf = (event) => (event.target instanceof Element ? event.target.closest(LINKS) : null)

  document.addEventListener("pointerover", (event) => {
    const link = event.pointerType === "mouse" && linkOf(event)
    if (link && link !== current) later(() => { hide(); show(link) }, 300)
    else if (link) clearTimeout(timer)
  })
  document.addEventListener("pointerout", (event) => {
    if (event.pointerType === "mouse" && linkOf(event)) later(hide, 200)
  })
  document.addEventListener("focusin", (event) => {
    const link = linkOf(event)
    if (link?.matches(":focus-visible")) later(() => { hide(); show(link) }, 300)
  })
  document.addEventListener("focusout", (event) => { if (linkOf(event)) hide() })
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && card && !card.hidden) hide()
  })

  // A long press shows the card instead of the browser's menu; the link itself is followed by a tap, as ever.
  document.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "mouse") return
    if (!(event.target instanceof Element) || !event.target.closest(".kb-preview")) hide()
    const link = linkOf(event)
    pressed = undefined
    if (!link) return
    const [x, y] = [event.clientX, event.clientY]
    later(async () => { if (await show(link)) pressed = link }, 450)
    const stop = (next) => {
      if (next.type === "pointermove" && Math.hypot(next.clientX - x, next.clientY - y) < 10) return
      if (pressed !== link) clearTimeout(timer)
      for (const name of ["pointermove", "pointerup", "pointercancel"]) document.removeEventListener(name, stop)
    }
    for (const name of ["pointermove", "pointerup", "pointercancel"]) document.addEventListener(name, stop)
  })
  for (const name of ["click", "contextmenu"]) {
    document.addEventListener(name, (event) => {
      const link = linkOf(event)
      if (pressed && link === pressed) {
        event.preventDefault()
        if (name === "click") pressed = undefined
      } else if (link && name === "click") hide()
    }, true)
  }
})()
