// What stands around a drawing and what hands do with it: search, colours, mouse, fingers, keys, and the words for it.

const node = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  element.append(...children)
  return element
}
const count = (n) => n.toLocaleString("ko")
let views = 0

class View {
  constructor(graph, place, { selected = null } = {}) {
    this.graph = graph
    this.id = `__kb-graph-${++views}`
    this.canvas = node("div", { class: "kb-graph-canvas", tabindex: "0", role: "application",
      "aria-label": "그래프. 화살표로 이웃한 점으로 가고, Enter로 문서를 열고, 더하기와 빼기로 확대하고 줄입니다.",
      "aria-describedby": `${this.id}-status` })
    this.status = node("p", { id: `${this.id}-status`, class: "kb-graph-status", role: "status" })
    this.legend = node("div", { class: "kb-graph-legend", role: "group", "aria-label": "보이는 무리" })
    const bar = node("div", { class: "kb-graph-bar" })
    place.replaceChildren(bar, this.legend, this.canvas, this.status, tableOf(graph))
    this.drawing = new Drawing(graph, this.canvas)
    bar.append(this.finder(), this.kinds(), this.zooms())
    this.pointers = new Map()
    this.listen()
    this.explain()
    if (selected !== null) this.select(selected)
    else this.say()
  }

  // -- The bar ---------------------------------------------------------------------------------------------------

  finder() {
    const list = node("div", { id: `${this.id}-found`, class: "kb-graph-found", role: "listbox", "aria-label": "찾은 문서" })
    const input = node("input", { type: "text", class: "kb-graph-input", role: "combobox", placeholder: "문서 찾기",
      "aria-label": "그래프에서 문서 찾기", "aria-expanded": "false", "aria-controls": list.id, "aria-autocomplete": "list",
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
      this.select(i)
      this.centre(i)
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
        this.drawing.only = null
        this.explain()
        this.drawing.changed()
      })
      return button
    })
    return node("div", { class: "kb-graph-kinds", role: "group", "aria-label": "색이 뜻하는 것" }, ...buttons)
  }

  zooms() {
    const button = (text, label, act) => {
      const element = node("button", { type: "button", "aria-label": label, title: label }, text)
      element.addEventListener("click", act)
      return element
    }
    return node("div", { class: "kb-graph-zooms" }, button("+", "확대", () => this.drawing.zoom(1.5)),
      button("−", "축소", () => this.drawing.zoom(1 / 1.5)), button("전체", "그래프 전체 보기", () => this.drawing.fit()))
  }

  // What each colour means, and a way to see one group alone.
  explain() {
    const { labels, of } = this.graph.groups[this.drawing.kind]
    const sizes = labels.map(() => 0)
    of.forEach((group) => sizes[group]++)
    const shown = labels.map((label, i) => [label, i]).filter(([, i]) => sizes[i]).slice(0, COLOURS + 2)
    this.legend.replaceChildren(...shown.map(([label, i]) => {
      const dot = node("i", { class: `kb-graph-dot kb-graph-dot-${Math.min(i, COLOURS - 1)}` })
      const button = node("button", { type: "button", "aria-pressed": "false" }, dot, `${label} ${count(sizes[i])}`)
      button.addEventListener("click", () => {
        const only = this.drawing.only === i ? null : i
        this.drawing.only = only
        for (const other of this.legend.children) other.setAttribute("aria-pressed", String(other === button && only !== null))
        this.select(null)
      })
      return button
    }))
  }

  // -- Choosing --------------------------------------------------------------------------------------------------

  select(i) {
    this.drawing.selected = i
    this.drawing.hovered = null
    this.drawing.changed()
    this.say()
  }

  say() {
    const { graph } = this
    const i = this.drawing.selected
    if (i === null) {
      this.status.textContent = `문서 ${count(graph.titles.length)}편, 링크 ${count(this.drawing.links)}개. 점을 고르면 이웃이 보입니다.`
      return
    }
    const groups = Object.values(graph.groups).map((group) => group.labels[group.of[i]]).join(" · ")
    this.status.replaceChildren(node("a", { href: graph.href(i) }, graph.titles[i]),
      ` ${groups} · 나가는 링크 ${count(graph.out[i])} · 들어오는 링크 ${count(graph.into[i])}`)
  }

  centre(i) {
    const { drawing } = this
    const to = { x: this.graph.x[i], y: this.graph.y[i], k: Math.max(drawing.camera.k, drawing.home.k * 3) }
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return drawing.move(to)
    const [from, began] = [{ ...drawing.camera }, performance.now()]
    const step = (now) => {
      const t = Math.min(1, Math.max(0, now - began) / 250)
      const ease = t * (2 - t)
      const mix = (name) => from[name] + (to[name] - from[name]) * ease
      drawing.move({ x: mix("x"), y: mix("y"), k: mix("k") })
      if (t < 1) requestAnimationFrame(step)
    }
    requestAnimationFrame(step)
  }

  open(i) {
    location.assign(this.graph.href(i))
  }

  // The nearest node in a direction, from the selected one or from the middle.
  towards(dx, dy) {
    const { drawing, graph } = this
    const from = drawing.selected
    const [x, y] = from === null ? [drawing.camera.x, drawing.camera.y] : [graph.x[from], graph.y[from]]
    let [best, least] = [null, Infinity]
    for (let i = 0; i < graph.titles.length; i++) {
      const [ex, ey] = [graph.x[i] - x, graph.y[i] - y]
      const along = ex * dx + ey * dy
      const aside = Math.abs(ex * dy - ey * dx)
      if (i === from || (from !== null && along <= aside * 0.5)) continue
      const apart = from === null ? Math.hypot(ex, ey) : along + 2 * aside
      if (apart < least) [best, least] = [i, apart]
    }
    return best
  }

  // -- Hands -----------------------------------------------------------------------------------------------------

  listen() {
    const { canvas, drawing, pointers } = this
    const place = (event) => {
      const box = canvas.getBoundingClientRect()
      return [event.clientX - box.left, event.clientY - box.top]
    }
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault()
      const unit = event.deltaMode === 1 ? 16 : 1
      drawing.zoom(Math.exp(-Math.max(-200, Math.min(200, event.deltaY * unit)) / 300), ...place(event))
    }, { passive: false })
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId)
      pointers.set(event.pointerId, place(event))
      if (pointers.size === 1) this.travelled = 0
    })
    canvas.addEventListener("pointermove", (event) => {
      const [x, y] = place(event)
      const before = pointers.get(event.pointerId)
      if (!before) {
        const hovered = drawing.nodeAt(x, y, 4)
        canvas.style.cursor = hovered === null ? "" : "pointer"
        if (hovered !== drawing.hovered) { drawing.hovered = hovered; drawing.changed() }
        return
      }
      if (pointers.size === 1) {
        drawing.pan(x - before[0], y - before[1])
        this.travelled += Math.hypot(x - before[0], y - before[1])
      } else {
        const [other] = [...pointers].filter(([id]) => id !== event.pointerId).map(([, at]) => at)
        const spread = (at) => Math.hypot(at[0] - other[0], at[1] - other[1]) || 1
        drawing.zoom(spread([x, y]) / spread(before), (x + other[0]) / 2, (y + other[1]) / 2)
        this.travelled = Infinity
      }
      pointers.set(event.pointerId, [x, y])
    })
    const release = (event) => {
      if (!pointers.delete(event.pointerId) || event.type !== "pointerup" || this.travelled > 6) return
      const hit = drawing.nodeAt(...place(event), event.pointerType === "touch" ? 16 : 8)
      if (hit !== null && hit === drawing.selected) this.open(hit)
      else this.select(hit)
    }
    canvas.addEventListener("pointerup", release)
    canvas.addEventListener("pointercancel", release)
    canvas.addEventListener("pointerleave", () => { if (drawing.hovered !== null) { drawing.hovered = null; drawing.changed() } })
    canvas.addEventListener("keydown", (event) => this.key(event))
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const { drawing } = this
    const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }
    if (event.key in arrows) {
      const next = this.towards(...arrows[event.key])
      if (next !== null) {
        this.select(next)
        const [x, y] = [drawing.screenX(next), drawing.screenY(next)]
        if (x < 30 || y < 30 || x > drawing.width - 30 || y > drawing.height - 30) this.centre(next)
      }
    } else if (event.key === "Enter" && drawing.selected !== null) this.open(drawing.selected)
    else if (event.key === "+" || event.key === "=") drawing.zoom(1.4)
    else if (event.key === "-") drawing.zoom(1 / 1.4)
    else if (event.key === "0") drawing.fit()
    else if (event.key === "Escape" && drawing.selected !== null) this.select(null)
    else return
    event.preventDefault()
    event.stopPropagation()
  }
}
