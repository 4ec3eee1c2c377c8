// The search dialog: a combobox with a list of results, as WAI-ARIA's authoring practices describe it.

const PAUSE = 60 // milliseconds without a key before a query is looked up

class Dialog {
  constructor(root) {
    this.root = root
    this.index = new Index(`${root}assets/kb-search/`)
    this.turn = 0
    this.numbers = []
    this.shown = 0
    this.build()
  }

  build() {
    const node = (tag, attributes = {}, ...children) => {
      const element = document.createElement(tag)
      for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
      element.append(...children)
      return element
    }
    this.node = node
    this.input = node("input", { type: "text", inputmode: "search", class: "kb-search-input", placeholder: _("Search this site"),
      role: "combobox",      "aria-label": _("Search"), "aria-expanded": "false", "aria-controls": "__kb-results", "aria-autocomplete": "list",
      autocomplete: "off", autocapitalize: "off", autocorrect: "off", spellcheck: "false",
      enterkeyhint: "go" })
    this.close = node("button", { type: "button", class: "kb-search-close" }, _("Close"))
    this.status = node("p", { class: "kb-search-status", role: "status" })
    this.list = node("div", { id: "__kb-results", class: "kb-search-list", role: "listbox", "aria-label": _("Search results") })
    this.scroll = node("div", { class: "kb-search-scroll", tabindex: "0" }, this.status, this.list)
    this.dialog = node("dialog", { class: "kb-search", "aria-label": _("Search") },
      node("div", { class: "kb-search-bar" }, this.input, this.close), this.scroll)
    document.body.append(this.dialog)

    this.input.addEventListener("input", () => {
      clearTimeout(this.timer)
      this.timer = setTimeout(() => this.search(), PAUSE)
    })
    this.dialog.addEventListener("keydown", (event) => this.key(event))
    this.dialog.addEventListener("click", (event) => { if (event.target === this.dialog) this.dialog.close() })
    this.close.addEventListener("click", () => this.dialog.close())
    this.list.addEventListener("click", () => this.dialog.close())
    this.scroll.addEventListener("scroll", () => {
      const { scrollTop, clientHeight, scrollHeight } = this.scroll
      if (scrollHeight - scrollTop - clientHeight < 200) this.more()
    })
  }

  open() {
    if (this.dialog.open) return
    this.dialog.showModal()
    this.input.select()
    this.index.again(() => {}).catch((error) => this.failed(error))
    if (!this.input.value) this.say(this.invitation())
  }

  say(words) {
    this.status.textContent = words
  }

  failed(error) {
    console.error(error)
    this.clear()
    this.say(_("The index could not be loaded. Check the connection and type again."))
  }

  clear() {
    this.list.replaceChildren()
    this.numbers = []
    this.shown = 0
    this.choose(null)
  }

  async search() {
    const turn = ++this.turn
    const query = this.input.value
    if (!parse(query).units.length) {
      this.clear()
      return this.say(this.invitation())
    }
    try {
      const found = await this.index.again(() => answer(this.index, query))
      if (turn !== this.turn) return
      this.clear()
      this.found = found
      this.numbers = found.numbers
      this.shown = found.results.length
      this.list.append(...found.results.map((result, i) => this.group(result, i)))
      this.scroll.scrollTop = 0
      this.say(this.summary(found))
      this.choose(this.all()[0] ?? null)
      this.dialog.dataset.query = query
    } catch (error) {
      if (turn === this.turn) this.failed(error)
    }
  }

  invitation() {
    return _("Type a name, a question or the message of an error.")
  }

  summary({ numbers, meant }) {
    if (!numbers.length) return _("No page matches. Fewer or other words may help.")
    const found = many("{count} page", "{count} pages", numbers.length)
    if (!meant.length) return found
    return `${found} · ${meant.map(([typed, word]) => _("“{word}” instead of “{typed}”", { typed, word })).join(", ")}`
  }

  async more() {
    if (this.loading || this.shown >= this.numbers.length) return
    const turn = this.turn
    this.loading = true
    try {
      const next = this.numbers.slice(this.shown, this.shown + AT_ONCE)
      const pages = await Promise.all(next.map((number) => this.index.page(number)))
      const options = pages.map((page, i) => this.group(resultOf(page, this.found.needles), this.shown + i))
      if (turn !== this.turn) return
      this.list.append(...options)
      this.shown += options.length
    } catch (error) {
      if (error instanceof Stale) this.search() // numbers of the old build mean nothing in the new one
      else this.failed(error)
    } finally {
      this.loading = false
    }
  }

  // A page and its sections. An address is made by the build; a script's would be none of its.
  group(result, number) {
    const { node } = this
    const marked = (list) => list.map(([text, hit]) => (hit ? node("mark", {}, text) : text))
    const option = (id, kind, anchor, heading, teaser) => {
      const url = new URL(result.url, this.root)
      if (url.protocol === "file:" && url.pathname.endsWith("/")) url.pathname += "index.html"
      url.searchParams.set("h", this.found.query.trim())
      url.hash = anchor
      return node("a", { id, class: kind, role: "option", "aria-selected": "false", tabindex: "-1", href: url.href },
        node("span", { class: "kb-search-title" }, ...marked(heading)),
        ...(teaser.length ? [node("span", { class: "kb-search-teaser" }, ...marked(teaser))] : []))
    }
    const id = `__kb-result-${number}`
    return node("div", { class: "kb-search-group", role: "group" },
      option(id, "kb-search-page", "", result.title, result.teaser),
      ...result.sections.map((s, i) => option(`${id}-${i}`, "kb-search-section", s.anchor, s.heading, s.teaser.pieces)))
  }

  all() {
    return [...this.list.querySelectorAll("[role=option]")]
  }

  choose(option) {
    this.chosen?.setAttribute("aria-selected", "false")
    this.chosen = option
    this.input.setAttribute("aria-expanded", String(Boolean(option)))
    if (!option) return this.input.removeAttribute("aria-activedescendant")
    option.setAttribute("aria-selected", "true")
    this.input.setAttribute("aria-activedescendant", option.id)
    option.scrollIntoView({ block: "nearest" })
  }

  key(event) {
    if (event.isComposing || event.keyCode === 229) return // Enter and arrows belong to the input method then
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 5, PageUp: -5 }
    if (event.key in steps) {
      const options = this.all()
      if (!options.length) return
      const at = options.indexOf(this.chosen)
      const step = steps[event.key]
      const wrapped = Math.abs(step) === 1 ? (at + step + options.length) % options.length : at + step
      this.choose(options[Math.max(0, Math.min(options.length - 1, wrapped))])
      if (at + step >= options.length - 3) this.more()
      event.preventDefault()
    } else if (event.key === "Enter" && event.target === this.input) {
      event.preventDefault()
      this.chosen?.click()
    }
  }
}

// A query that was followed to this page is marked in its text, without touching the page's elements.
function markQuery() {
  const url = new URL(location.href)
  const query = url.searchParams.get("h")
  if (!query) return
  url.searchParams.delete("h")
  try {
    history.replaceState(history.state, "", url)
  } catch {
    // a page opened from a disk may keep its address
  }
  if (!window.Highlight || !CSS.highlights) return
  const { needles } = parse(query.slice(0, 200))
  const ranges = []
  const walker = document.createTreeWalker(document.querySelector("article") ?? document.body, NodeFilter.SHOW_TEXT)
  for (let text = walker.nextNode(); text && ranges.length < 500; text = walker.nextNode()) {
    if (text.parentElement.closest("script, style")) continue
    for (const { strict } of needles)
      for (const m of text.data.matchAll(strict)) {
        const range = new Range()
        range.setStart(text, m.index)
        range.setEnd(text, m.index + m[0].length)
        ranges.push(range)
      }
  }
  CSS.highlights.set("kb-search", new Highlight(...ranges))
}

function start() {
  const root = new URL("../", document.currentScript.src).href
  let dialog = null
  const open = () => (dialog ??= new Dialog(root)).open()
  // Until the next frame after Escape the focus is still in the field of the closed dialog, which is none to type in.
  const inField = (e) =>
    (e.isContentEditable || /^(input|select|textarea)$/i.test(e.tagName)) && !e.closest("dialog:not([open])")
  document.addEventListener("click", (event) => { if (event.target.closest?.("[data-kb-search]")) open() })
  document.addEventListener("keydown", (event) => {
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey
    const slash = plain && ["/", "f", "s"].includes(event.key) && !inField(event.target) && !document.querySelector("dialog[open]")
    const command = (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key === "k"
    if (!slash && !command) return
    event.preventDefault()
    open()
  })
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", markQuery)
  else markQuery()
}

start()
