// What stands around a drawing: search, colours, a legend that filters, and in words what is selected.

const node = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  element.append(...children)
  return element
}
let views = 0

class View {
  constructor(graph, place, { selected = null } = {}) {
    this.graph = graph
    this.id = `__kb-graph-${++views}`
    this.canvas = node("div", { class: "kb-graph-canvas", tabindex: "0", role: "application",
      "aria-label": _("Graph. Arrows go to the next page in a direction, Enter opens it, plus and minus zoom, Shift with an arrow moves."),
      "aria-describedby": `${this.id}-status` })
    this.status = node("p", { id: `${this.id}-status`, class: "kb-graph-status", role: "status" })
    this.legend = node("div", { class: "kb-graph-legend", role: "group", "aria-label": _("Groups shown") })
    const bar = node("div", { class: "kb-graph-bar" })
    place.replaceChildren(bar, this.legend, this.canvas, this.status, tableOf(graph))
    this.drawing = new Drawing(graph, this.canvas)
    this.gestures = new Gestures(this.drawing, this)
    bar.append(this.finder(), this.kinds(), this.zooms())
    this.explain()
    if (selected !== null) this.select(selected)
    else this.say()
  }

  // -- The bar ---------------------------------------------------------------------------------------------------

  finder() {
    const list = node("div", { id: `${this.id}-found`, class: "kb-graph-found", role: "listbox", "aria-label": _("Pages found") })
    const input = node("input", { type: "text", class: "kb-graph-input", role: "combobox", placeholder: _("Find a page"),
      "aria-label": _("Find a page in the graph"), "aria-expanded": "false", "aria-controls": list.id, "aria-autocomplete": "list",
      autocomplete: "off", spellcheck: "false" })
    let [hits, at] = [[], 0]
    const show = () => {
      list.replaceChildren(...hits.map((i, n) => {
        const option = node("div", { id: `${list.id}-${n}`, role: "option", "aria-selected": String(n === at) }, this.graph.titles[i])
        option.addEventListener("pointerdown", (event) => { event.preventDefault(); take(i) })
        return option
      }))
      input.setAttribute("aria-expanded", String(hits.length > 0))
      if (hits.length) input.setAttribute("aria-activedescendant", `${list.id}-${at}`)
      else input.removeAttribute("aria-activedescendant")
    }
    const take = (i) => {
      hits = []
      show()
      input.value = this.graph.titles[i]
      if (!this.drawing.shows(i)) this.filter(new Set())
      this.select(i)
      this.gestures.centre(i)
      this.canvas.focus({ preventScroll: true })
    }
    input.addEventListener("input", () => { hits = this.graph.find(input.value, 8); at = 0; show() })
    input.addEventListener("blur", () => { hits = []; show() })
    input.addEventListener("keydown", (event) => {
      if (event.isComposing || event.keyCode === 229 || !hits.length) return
      if (event.key === "ArrowDown") at = (at + 1) % hits.length
      else if (event.key === "ArrowUp") at = (at + hits.length - 1) % hits.length
      else if (event.key === "Enter") return take(hits[at])
      else if (event.key === "Escape") hits = []
      else return
      event.preventDefault()
      event.stopPropagation()
      show()
    })
    return node("div", { class: "kb-graph-finder" }, input, list)
  }

  kinds() {
    const buttons = Object.entries(this.graph.groups).map(([kind, group]) => {
      const button = node("button", { type: "button", "aria-pressed": String(kind === this.drawing.kind) }, group.name)
      button.addEventListener("click", () => {
        buttons.forEach((other) => other.setAttribute("aria-pressed", String(other === button)))
        this.drawing.kind = kind
        this.filter(new Set())
        this.explain()
      })
      return button
    })
    return node("div", { class: "kb-graph-kinds", role: "group", "aria-label": _("What colours mean") }, ...buttons)
  }

  zooms() {
    const button = (text, label, act) => {
      const element = node("button", { type: "button", "aria-label": label, title: label }, text)
      element.addEventListener("click", act)
      return element
    }
    return node("div", { class: "kb-graph-zooms" }, button("+", _("Zoom in"), () => this.gestures.nearer(1.5)),
      button("−", _("Zoom out"), () => this.gestures.nearer(1 / 1.5)), button(_("All"), _("Show the whole graph"), () => this.gestures.whole()))
  }

  // What each colour means; those chosen are shown alone. Groups beyond the colours share the last one.
  explain() {
    const { labels, of } = this.graph.groups[this.drawing.kind]
    const sizes = labels.map(() => 0)
    of.forEach((group) => sizes[group]++)
    const rest = sizes.slice(COLOURS - 1).filter((size) => size)
    const shown = labels.slice(0, COLOURS).map((label, slot) => {
      const many = slot === COLOURS - 1 && rest.length > 1
      return [slot, many ? many("{count} other", "{count} others", rest.length) : label, many ? rest.reduce((a, b) => a + b) : sizes[slot]]
    })
    this.legend.replaceChildren(...shown.filter(([, , size]) => size).map(([slot, label, size]) => {
      const dot = node("i", { class: `kb-graph-dot kb-graph-dot-${slot}` })
      const button = node("button", { type: "button", "aria-pressed": "false" }, dot, `${label} ${count(size)}`)
      button.dataset.slot = slot
      button.addEventListener("click", () => {
        const only = new Set(this.drawing.only)
        if (!only.delete(slot)) only.add(slot)
        this.filter(only)
      })
      return button
    }))
  }

  // Show the groups of some colours alone; of none, all of them.
  filter(only) {
    this.drawing.only = only
    for (const button of this.legend.children) button.setAttribute("aria-pressed", String(only.has(Number(button.dataset.slot))))
    this.drawing.reshaped()
    this.select(null)
  }

  // -- Choosing --------------------------------------------------------------------------------------------------

  select(i) {
    this.drawing.selected = i
    this.drawing.hovered = null
    this.drawing.light()
    this.say()
  }

  say() {
    const { graph, drawing } = this
    const i = drawing.selected
    if (i === null) {
      const shown = graph.titles.filter((_, n) => drawing.shows(n)).length
      const links = many("{count} link", "{count} links", drawing.count)
      this.status.textContent = drawing.only.size
        ? _("{shown} of {all} pages are shown.", { shown: count(shown), all: count(graph.titles.length) })
        : `${many("{count} page", "{count} pages", graph.titles.length)}, ${links}. ${_("Choose a dot to see its neighbours.")}`
      return
    }
    const groups = Object.values(graph.groups).map((group) => group.labels[group.of[i]]).join(" · ")
    this.status.replaceChildren(node("a", { href: graph.href(i) }, graph.titles[i]),
      ` ${groups} · ${_("Links out: {out}, in: {into}", { out: count(graph.out[i]), into: count(graph.into[i]) })}`)
  }

  open(i) {
    location.assign(this.graph.href(i))
  }

  close() {
    this.gestures.close()
    this.drawing.close()
  }
}
