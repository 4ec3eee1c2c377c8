// What gestures do with a drawing: wheel, mouse, fingers (by d3-zoom and d3-drag) and keys.

const CLOSEST = 60
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }

class Gestures {
  // `act` has what becomes of a node: select(i or null), open(i).
  constructor(drawing, act) {
    Object.assign(this, { drawing, act, hand: d3.select(drawing.place) })
    this.zoom = d3.zoom().clickDistance(6).tapDistance(14)
      .filter((event) => !event.button && (!event.ctrlKey || event.type === "wheel")
        && !(event.type === "dblclick" && this.under(event) !== null))
      .on("zoom", ({ transform }) => drawing.move(transform))
    if (drawing.graph.simulation) this.hand.call(this.dragging())
    this.hand.call(this.zoom)
      .on("pointermove", (event) => { if (event.pointerType !== "touch" && !event.buttons) this.point(this.under(event)) })
      .on("pointerleave", () => this.point(null))
      .on("click", (event) => {
        const hit = this.under(event)
        if (hit !== null && hit === drawing.selected) act.open(hit)
        else act.select(hit)
      })
      .on("keydown", (event) => this.key(event))
    this.sizes = new ResizeObserver(() => this.resized())
    this.sizes.observe(drawing.place)
    this.resized()
  }

  close() {
    this.sizes.disconnect()
    this.hand.interrupt().interrupt("light")
    this.drawing.graph.simulation?.stop()
  }

  get moved() { return this.hand.transition().duration(calm() ? 0 : 300) }

  resized() {
    const { drawing } = this
    const before = this.home
    drawing.resized()
    const home = this.home = drawing.home()
    const [reachX, reachY] = [1.5 * drawing.width / home.k, 1.5 * drawing.height / home.k]
    const [x, y] = home.invert([drawing.width / 2, drawing.height / 2])
    this.zoom.scaleExtent([home.k / 3, home.k * CLOSEST]).translateExtent([[x - reachX, y - reachY], [x + reachX, y + reachY]])
    if (!before || String(drawing.camera) === String(before)) this.zoom.transform(this.hand, home)
  }

  whole() { this.zoom.transform(this.moved, this.home) }
  nearer(factor) { this.zoom.scaleBy(this.moved, factor) }

  // Bring a node into the middle, near enough to see what it is linked to.
  centre(i) {
    const { drawing } = this
    const k = Math.max(drawing.camera.k, this.home.k * (drawing.many ? 4 : 1.6))
    const to = d3.zoomIdentity.translate(drawing.width / 2, drawing.height / 2).scale(k)
    this.zoom.transform(this.moved, to.translate(-drawing.graph.x[i], -drawing.graph.y[i]))
  }

  under(event) {
    return this.drawing.nodeAt(...d3.pointer(event, this.drawing.place), event.pointerType === "touch" ? 16 : 6)
  }

  point(i) {
    if (i === this.drawing.hovered) return
    this.drawing.hovered = i
    this.hand.style("cursor", i === null ? null : "pointer")
    this.drawing.light()
  }

  // A node of a small graph can be pulled, and the others follow.
  dragging() {
    const { drawing } = this
    const { simulation } = drawing.graph
    simulation.on("tick", () => { drawing.graph.follow(); drawing.reshaped() })
    return d3.drag().clickDistance(6)
      .subject(({ x, y, sourceEvent }) => {
        const i = drawing.nodeAt(x, y, sourceEvent.type.startsWith("touch") ? 16 : 6)
        return i === null ? null : { i, x: drawing.screenX(i), y: drawing.screenY(i) }
      })
      .on("drag", ({ subject, x, y }) => {
        Object.assign(simulation.nodes()[subject.i], { fx: drawing.camera.invertX(x), fy: drawing.camera.invertY(y) })
        simulation.alphaTarget(0.3).restart()
      })
      .on("end", ({ subject }) => {
        Object.assign(simulation.nodes()[subject.i], { fx: null, fy: null })
        simulation.alphaTarget(0)
      })
  }

  // -- Keys ------------------------------------------------------------------------------------------------------

  // The nearest node in a direction, from the selected one or from the middle.
  towards(dx, dy) {
    const { drawing } = this
    const { graph } = drawing
    const from = drawing.selected
    const [x, y] = from === null ? drawing.camera.invert([drawing.width / 2, drawing.height / 2]) : [graph.x[from], graph.y[from]]
    let [best, least] = [null, Infinity]
    for (let i = 0; i < graph.titles.length; i++) {
      const [ex, ey] = [graph.x[i] - x, graph.y[i] - y]
      const along = ex * dx + ey * dy
      const aside = Math.abs(ex * dy - ey * dx)
      if (i === from || !drawing.shows(i) || (from !== null && along <= aside * 0.5)) continue
      const apart = from === null ? Math.hypot(ex, ey) : along + 2 * aside
      if (apart < least) [best, least] = [i, apart]
    }
    return best
  }

  step(direction) {
    const { drawing } = this
    const next = this.towards(...direction)
    if (next === null) return
    this.act.select(next)
    const [x, y] = [drawing.screenX(next), drawing.screenY(next)]
    if (x < 30 || y < 30 || x > drawing.width - 30 || y > drawing.height - 30) this.centre(next)
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const { drawing } = this
    const arrow = ARROWS[event.key]
    if (arrow && event.shiftKey) this.zoom.translateBy(this.moved, ...arrow.map((v) => (-v * drawing.width) / 5 / drawing.camera.k))
    else if (arrow) this.step(arrow)
    else if (event.key === "Enter" && drawing.selected !== null) this.act.open(drawing.selected)
    else if (event.key === "+" || event.key === "=") this.nearer(1.5)
    else if (event.key === "-") this.nearer(1 / 1.5)
    else if (event.key === "0") this.whole()
    else if (event.key === "Escape" && drawing.selected !== null) this.act.select(null)
    else return
    event.preventDefault()
    event.stopPropagation()
  }
}
