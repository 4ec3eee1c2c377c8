// The graph on 2D canvases, which need no graphics processor: links below, nodes and names above them.
//
// The links of a large graph take many frames. They are drawn out of sight, a part each frame, and shown when whole;
// until then the picture there was is moved and scaled along with the nodes.

const COLOURS = 10
const MANY_LINKS = 2500
const LINKS_A_FRAME = 2500
const FAINT = 0.12
const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches

class Drawing {
  constructor(graph, place) {
    const kinds = Object.keys(graph.groups)
    Object.assign(this, { graph, place, selected: null, hovered: null, only: new Set(), focus: null, lit: new Set(), fade: 0 })
    this.kind = kinds.find((kind) => new Set(graph.groups[kind].of).size > 1) ?? kinds[0]
    const layer = () => place.appendChild(document.createElement("canvas"))
    Object.assign(this, { seen: layer(), next: layer(), above: layer(), camera: d3.zoomIdentity })
    this.next.style.visibility = "hidden"
    this.count = graph.links.reduce((sum, targets) => sum + targets.length, 0)
    this.many = this.count > MANY_LINKS
    this.small = Math.max(0.4, Math.min(1.15, 2.4 / graph.titles.length ** 0.18))
    this.order = graph.titles.map((_, i) => i).sort((a, b) => graph.into[a] - graph.into[b] || b - a)
    this.names = new Names(this)
    this.themes = new MutationObserver(() => this.themed())
    this.themes.observe(document.body, { attributes: true, attributeFilter: ["data-md-color-scheme"] })
    this.resized()
    this.themed()
  }

  close() {
    this.themes.disconnect()
    cancelAnimationFrame(this.wanted)
  }

  themed() {
    const style = getComputedStyle(this.place)
    const value = (name) => style.getPropertyValue(name).trim()
    this.colours = Array.from({ length: COLOURS }, (_, i) => value(`--kb-graph-${i}`))
    Object.assign(this, { ink: value("--md-default-fg-color"), line: value("--kb-graph-line"), paper: value("--md-default-bg-color"),
      accent: value("--md-typeset-a-color"), font: style.fontFamily, discs: new Map() })
    this.reshaped()
  }

  resized() {
    this.ratio = Math.min(window.devicePixelRatio || 1, 2)
    this.width = this.place.clientWidth || 300
    this.height = this.place.clientHeight || 300
    for (const canvas of [this.seen, this.next, this.above]) {
      canvas.width = Math.round(this.width * this.ratio)
      canvas.height = Math.round(this.height * this.ratio)
    }
    this.discs = new Map()
    this.reshaped()
  }

  // -- Where things are ------------------------------------------------------------------------------------------

  // The camera that shows all of the graph.
  home() {
    const ends = (values) => values.reduce(([low, high], v) => [Math.min(low, v), Math.max(high, v)], [Infinity, -Infinity])
    const [[left, right], [top, bottom]] = [ends(this.graph.x), ends(this.graph.y)]
    const margin = Math.min(70, this.width / 6)
    const k = Math.min((this.width - 2 * margin) / Math.max(right - left, 1), (this.height - 80) / Math.max(bottom - top, 1), this.many ? Infinity : 1.6)
    this.homeScale = k || 1
    return d3.zoomIdentity.translate(this.width / 2, this.height / 2).scale(this.homeScale)
      .translate(-(left + right) / 2 || 0, -(top + bottom) / 2 || 0)
  }

  get zoomed() { return this.camera.k / this.homeScale }
  screenX(i) { return this.camera.applyX(this.graph.x[i]) }
  screenY(i) { return this.camera.applyY(this.graph.y[i]) }
  slot(i) { return Math.min(COLOURS - 1, this.graph.groups[this.kind].of[i]) }
  shows(i) { return !this.only.size || this.only.has(this.slot(i)) }

  radius(i) {
    const zoom = Math.max(0.7, Math.min(3, Math.sqrt(this.zoomed)))
    return this.small * zoom * (2.6 + 1.2 * Math.sqrt(Math.min(60, this.graph.into[i])))
  }

  // The node whose edge is nearest to a point, at most `reach` from it.
  nodeAt(px, py, reach = 8) {
    const { x: xs, y: ys } = this.graph
    this.tree ??= d3.quadtree(this.order.filter((i) => this.shows(i)), (i) => xs[i], (i) => ys[i])
    const [x, y] = this.camera.invert([px, py])
    const far = (reach + (this.order.length ? this.radius(this.order.at(-1)) : 0)) / this.camera.k
    let [best, least] = [null, reach]
    this.tree.visit((quad, left, top, right, bottom) => {
      for (let leaf = quad.length ? null : quad; leaf; leaf = leaf.next) {
        const apart = Math.hypot(xs[leaf.data] - x, ys[leaf.data] - y) * this.camera.k - this.radius(leaf.data)
        if (apart < least) [best, least] = [leaf.data, apart]
      }
      return left > x + far || right < x - far || top > y + far || bottom < y - far
    })
    return best
  }

  // -- What changes it -------------------------------------------------------------------------------------------

  move(camera) {
    this.camera = camera
    this.changed()
  }

  // Nodes are elsewhere, fewer, or of other colours: links too are to be drawn anew.
  reshaped() {
    this.tree = this.seenAt = this.drawing = null
    this.changed()
  }

  // Light up what is pointed at or selected with its neighbours, and let the rest fade.
  light() {
    const node = this.hovered ?? this.selected
    if (node !== null) [this.focus, this.lit] = [node, new Set([node, ...this.graph.neighbours(node)])]
    const between = d3.interpolateNumber(this.fade, node === null ? 0 : 1)
    d3.select(this.place).transition("light").duration(calm() ? 0 : 180).tween("fade", () => (t) => {
      this.fade = between(t)
      this.changed()
    })
    this.changed()
  }

  changed() {
    this.stale = true
    this.place.dataset.drawn = "nodes"
    this.wanted ??= requestAnimationFrame(() => this.frame())
  }

  frame() {
    this.wanted = null
    if (this.stale) this.drawNodes()
    this.stale = false
    this.drawLinks()
    if (this.seenAt === this.camera) this.place.dataset.drawn = "all"
    else this.wanted ??= requestAnimationFrame(() => this.frame())
  }

  // -- Links -----------------------------------------------------------------------------------------------------

  drawLinks() {
    if (this.seenAt !== this.camera) this.drawSomeLinks()
    const { seenAt: at, camera, seen } = this
    seen.style.opacity = 1 - 0.8 * this.fade
    if (!at) return
    const scale = camera.k / at.k
    seen.style.transform = `matrix(${scale}, 0, 0, ${scale}, ${camera.x - at.x * scale}, ${camera.y - at.y * scale})`
  }

  drawSomeLinks() {
    const { links, x: xs, y: ys } = this.graph
    const canvas = this.many ? this.next : this.seen
    this.drawing ??= { camera: this.camera, next: 0, context: this.cleared(canvas) }
    const { camera, context } = this.drawing
    context.strokeStyle = this.line
    context.lineWidth = this.many ? Math.max(0.5, Math.min(1, Math.sqrt(this.zoomed) / 3)) : 1.2
    context.beginPath()
    let drawn = 0
    let i = this.drawing.next
    for (; i < links.length && (drawn < LINKS_A_FRAME || !this.many); i++) {
      if (!this.shows(i)) continue
      const [x, y] = [camera.applyX(xs[i]), camera.applyY(ys[i])]
      for (const to of links[i]) {
        const [tx, ty] = [camera.applyX(xs[to]), camera.applyY(ys[to])]
        if (Math.max(x, tx) < 0 || Math.min(x, tx) > this.width || Math.max(y, ty) < 0 || Math.min(y, ty) > this.height) continue
        if (!this.shows(to)) continue
        context.moveTo(x, y)
        context.lineTo(tx, ty)
        drawn++
      }
    }
    context.stroke()
    this.drawing.next = i
    if (i < links.length) return
    if (this.many) {
      [this.seen, this.next] = [this.next, this.seen]
      this.seen.style.visibility = ""
      this.next.style.visibility = "hidden"
    }
    this.seenAt = camera
    this.drawing = null
  }

  // -- Nodes and names -------------------------------------------------------------------------------------------

  cleared(canvas) {
    const context = canvas.getContext("2d")
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0)
    context.globalAlpha = 1
    context.clearRect(0, 0, this.width, this.height)
    return context
  }

  drawNodes() {
    const context = this.cleared(this.above)
    const lit = this.fade > 0 ? this.lit : null
    this.stampDiscs(context, lit)
    if (lit) {
      const bright = this.order.filter((i) => lit.has(i) && this.inSight(i))
      this.drawSpokes(context, bright)
      for (const i of bright) {
        const { canvas } = this.disc(i, 1)
        const half = canvas.width / this.ratio / 2
        context.drawImage(canvas, this.screenX(i) - half, this.screenY(i) - half, 2 * half, 2 * half)
      }
    }
    if (this.selected !== null) {
      context.strokeStyle = this.ink
      context.lineWidth = 2
      context.beginPath()
      context.arc(this.screenX(this.selected), this.screenY(this.selected), this.radius(this.selected) + 3, 0, 2 * Math.PI)
      context.stroke()
    }
    this.names.draw(context, lit)
  }

  inSight(i) {
    const [x, y] = [this.screenX(i), this.screenY(i)]
    return x > -40 && y > -40 && x < this.width + 40 && y < this.height + 40 && this.shows(i)
  }

  drawSpokes(context, nodes) {
    const [x, y] = [this.screenX(this.focus), this.screenY(this.focus)]
    context.globalAlpha = this.fade * 0.8
    context.strokeStyle = this.accent
    context.lineWidth = 1.4
    context.beginPath()
    for (const i of nodes) {
      context.moveTo(x, y)
      context.lineTo(this.screenX(i), this.screenY(i))
    }
    context.stroke()
    context.globalAlpha = 1
  }

  // All discs but those that are lit, copied pixel by pixel into one picture: without a graphics processor ten thousand
  // calls of the canvas take six times a frame, and this a tenth of one.
  stampDiscs(context, lit) {
    const { width, height } = this.above
    if (this.picture?.width !== width || this.picture.height !== height) this.picture = new ImageData(width, height)
    const pixels = new Uint32Array(this.picture.data.buffer)
    const strength = 1 - (1 - FAINT) * Math.round(this.fade * 8) / 8
    pixels.fill(0)
    for (const i of this.order) {
      if (lit?.has(i) || !this.inSight(i)) continue
      const { canvas: { width: size }, stamp } = this.disc(i, strength)
      const left = Math.round(this.screenX(i) * this.ratio - size / 2)
      const top = Math.round(this.screenY(i) * this.ratio - size / 2)
      const [from, to] = [Math.max(0, -left), Math.min(size, width - left)]
      for (let row = Math.max(0, -top); row < size && top + row < height; row++)
        for (let column = from; column < to; column++) {
          const pixel = stamp[row * size + column]
          if (pixel) pixels[(top + row) * width + left + column] = pixel
        }
    }
    context.putImageData(this.picture, 0, 0)
  }

  // A disc of a node's colour and size, drawn once, as a canvas and as its pixels.
  disc(i, strength) {
    const [slot, quarters] = [this.slot(i), Math.round(this.radius(i) * 4)]
    const key = (quarters * COLOURS + slot) * 2 + strength // strength is more than 0 and at most 1
    let disc = this.discs.get(key)
    if (!disc) this.discs.set(key, disc = this.newDisc(this.colours[slot], quarters / 4, strength))
    return disc
  }

  newDisc(colour, radius, strength) {
    const canvas = document.createElement("canvas")
    const half = Math.ceil((radius + 1) * this.ratio)
    canvas.width = canvas.height = 2 * half
    const context = canvas.getContext("2d", { willReadFrequently: true })
    context.globalAlpha = strength
    context.translate(half, half)
    context.scale(this.ratio, this.ratio)
    const fill = (style, r) => {
      context.fillStyle = style
      context.beginPath()
      context.arc(0, 0, r, 0, 2 * Math.PI)
      context.fill()
    }
    if (radius > 3) fill(this.paper, radius + 1)
    fill(colour, radius)
    return { canvas, stamp: new Uint32Array(context.getImageData(0, 0, 2 * half, 2 * half).data.buffer) }
  }
}
