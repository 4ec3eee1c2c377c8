// The graph on two canvases: links below, and above them nodes and names. Nothing here knows of pages or keys.
//
// 2D canvases, not WebGL: they need no graphics processor. While a large graph moves, only its nodes are drawn; its links
// follow, a few thousand a frame, once it stands still.

const MANY_LINKS = 2500
const LINKS_A_FRAME = 4000
const STILL = 120 // milliseconds
const COLOURS = 10

class Drawing {
  constructor(graph, place) {
    this.graph = graph
    this.place = place
    this.below = place.appendChild(document.createElement("canvas"))
    this.above = place.appendChild(document.createElement("canvas"))
    const kinds = Object.keys(graph.groups)
    this.kind = kinds.find((kind) => new Set(graph.groups[kind].of).size > 1) ?? kinds[0]
    this.selected = this.hovered = this.only = null
    this.links = graph.links.reduce((sum, targets) => sum + targets.length, 0)
    this.order = graph.titles.map((_, i) => i).sort((a, b) => graph.into[b] - graph.into[a] || a - b)
    this.small = graph.titles.length > 2000 ? 0.65 : graph.titles.length > 300 ? 0.85 : 1.15
    this.movedAt = -Infinity
    new ResizeObserver(() => this.resized()).observe(place)
    new MutationObserver(() => this.themed()).observe(document.body, { attributes: true, attributeFilter: ["data-md-color-scheme"] })
    this.resized()
    this.fit()
    this.themed()
  }

  themed() {
    const style = getComputedStyle(this.place)
    const value = (name) => style.getPropertyValue(name).trim()
    this.colours = Array.from({ length: COLOURS }, (_, i) => value(`--kb-graph-${i}`))
    this.ink = value("--md-default-fg-color")
    this.line = value("--kb-graph-line")
    this.paper = value("--md-default-bg-color")
    this.accent = value("--md-typeset-a-color")
    this.font = `500 12px ${value("--kb-sans") || "sans-serif"}`
    this.changed()
  }

  resized() {
    const ratio = Math.min(window.devicePixelRatio || 1, 2)
    const before = this.width ? { width: this.width, height: this.height } : null
    this.width = this.place.clientWidth || 300
    this.height = this.place.clientHeight || 300
    for (const canvas of [this.below, this.above]) {
      canvas.width = Math.round(this.width * ratio)
      canvas.height = Math.round(this.height * ratio)
      canvas.getContext("2d").setTransform(ratio, 0, 0, ratio, 0, 0)
    }
    if (before && this.fitted) this.fit()
    this.changed()
  }

  fit() {
    const { x, y } = this.graph
    let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity]
    for (let i = 0; i < x.length; i++) {
      left = Math.min(left, x[i]); right = Math.max(right, x[i])
      top = Math.min(top, y[i]); bottom = Math.max(bottom, y[i])
    }
    if (!x.length) [left, right, top, bottom] = [0, 1, 0, 1]
    const margin = Math.min(70, this.width / 6)
    const k = Math.min((this.width - 2 * margin) / Math.max(right - left, 1e-3), (this.height - 80) / Math.max(bottom - top, 1e-3))
    this.home = { x: (left + right) / 2, y: (top + bottom) / 2, k: Math.min(k, 3000) }
    this.move({ ...this.home })
    this.fitted = true
  }

  move(camera) {
    camera.k = Math.max(this.home.k / 4, Math.min(this.home.k * 60, camera.k))
    this.camera = camera
    this.fitted = false
    this.movedAt = performance.now()
    this.changed()
  }

  // Zoom so that the point under (px, py) stays there.
  zoom(factor, px = this.width / 2, py = this.height / 2) {
    const { x, y, k } = this.camera
    const to = Math.max(this.home.k / 4, Math.min(this.home.k * 60, k * factor))
    this.move({ x: x + (px - this.width / 2) * (1 / k - 1 / to), y: y + (py - this.height / 2) * (1 / k - 1 / to), k: to })
  }

  pan(dx, dy) {
    const { x, y, k } = this.camera
    this.move({ x: x - dx / k, y: y - dy / k, k })
  }

  screenX(i) { return (this.graph.x[i] - this.camera.x) * this.camera.k + this.width / 2 }
  screenY(i) { return (this.graph.y[i] - this.camera.y) * this.camera.k + this.height / 2 }

  radius(i) {
    const zoom = Math.max(0.7, Math.min(3, Math.sqrt(this.camera.k / this.home.k)))
    return this.small * zoom * (2.6 + 1.2 * Math.sqrt(Math.min(60, this.graph.into[i])))
  }

  colour(i) {
    return this.colours[Math.min(COLOURS - 1, this.graph.groups[this.kind].of[i])]
  }

  nodeAt(px, py, reach = 8) {
    let [best, least] = [null, Infinity]
    for (let i = 0; i < this.graph.titles.length; i++) {
      const apart = Math.hypot(this.screenX(i) - px, this.screenY(i) - py) - this.radius(i)
      if (apart < reach && apart < least) [best, least] = [i, apart]
    }
    return best
  }

  changed() {
    this.wanted ??= requestAnimationFrame(() => { this.wanted = null; this.draw() })
  }

  draw() {
    const many = this.links > MANY_LINKS
    this.drawNodes(many && performance.now() - this.movedAt < STILL)
    clearTimeout(this.timer)
    cancelAnimationFrame(this.linking)
    const below = this.below.getContext("2d")
    below.clearRect(0, 0, this.width, this.height)
    if (many) this.timer = setTimeout(() => this.drawLinks(0), STILL)
    else this.drawLinks(0, Infinity)
  }

  drawLinks(from, most = LINKS_A_FRAME) {
    const { links } = this.graph
    const context = this.below.getContext("2d")
    context.strokeStyle = this.line
    context.lineWidth = this.links > MANY_LINKS ? 0.5 : 1
    context.globalAlpha = this.lit() ? 0.4 : 1
    context.beginPath()
    let [i, drawn] = [from, 0]
    for (; i < links.length && drawn < most; i++) {
      const [x, y] = [this.screenX(i), this.screenY(i)]
      for (const to of links[i]) {
        const [tx, ty] = [this.screenX(to), this.screenY(to)]
        if (Math.max(x, tx) < 0 || Math.min(x, tx) > this.width || Math.max(y, ty) < 0 || Math.min(y, ty) > this.height) continue
        context.moveTo(x, y)
        context.lineTo(tx, ty)
        drawn++
      }
    }
    context.stroke()
    if (i < links.length) this.linking = requestAnimationFrame(() => this.drawLinks(i, most))
    else this.place.dataset.drawn = "all"
  }

  // What stands out: a node with its neighbours, or a group; null when nothing does.
  lit() {
    const node = this.hovered ?? this.selected
    if (node !== null) return new Set([node, ...this.graph.neighbours(node)])
    if (this.only === null) return null
    const of = this.graph.groups[this.kind].of
    return new Set(this.order.filter((i) => of[i] === this.only))
  }

  // Nodes as squares, written straight into the picture: the quickest way there is without a graphics processor.
  drawSquares(context, lit) {
    const { width, height } = this.above
    if (this.picture?.width !== width || this.picture.height !== height) this.picture = new ImageData(width, height)
    const pixels = new Uint32Array(this.picture.data.buffer)
    const ratio = width / this.width
    pixels.fill(0)
    for (let i = 0; i < this.graph.titles.length; i++) {
      const colour = this.pixel(this.colour(i), lit && !lit.has(i))
      const r = this.radius(i) * 0.85 * ratio
      const [x, y] = [this.screenX(i) * ratio, this.screenY(i) * ratio]
      const [left, right] = [Math.max(0, Math.round(x - r)), Math.min(width, Math.round(x + r))]
      const bottom = Math.min(height, Math.round(y + r))
      if (left >= right) continue
      for (let row = Math.max(0, Math.round(y - r)); row < bottom; row++)
        pixels.fill(colour, row * width + left, row * width + right)
    }
    context.putImageData(this.picture, 0, 0)
  }

  // A colour as the number that stands for it in a picture, red in the lowest byte.
  pixel(colour, faint) {
    const rgb = parseInt(colour.slice(1), 16)
    const swapped = ((rgb & 255) << 16) | (rgb & 0xff00) | (rgb >> 16)
    return (((faint ? 46 : 255) << 24) | swapped) >>> 0
  }

  drawNodes(moving) {
    const context = this.above.getContext("2d")
    const lit = this.lit()
    const node = this.hovered ?? this.selected
    if (moving) this.drawSquares(context, lit)
    else context.clearRect(0, 0, this.width, this.height)
    this.place.dataset.drawn = "nodes"
    if (node !== null) {
      context.strokeStyle = this.accent
      context.lineWidth = 1.2
      context.beginPath()
      for (const other of this.graph.neighbours(node)) {
        context.moveTo(this.screenX(node), this.screenY(node))
        context.lineTo(this.screenX(other), this.screenY(other))
      }
      context.stroke()
    }
    if (!moving) this.drawDiscs(context, lit)
    if (this.selected !== null) {
      context.strokeStyle = this.ink
      context.lineWidth = 2
      context.beginPath()
      context.arc(this.screenX(this.selected), this.screenY(this.selected), this.radius(this.selected) + 3, 0, 6.2832)
      context.stroke()
    }
    this.drawNames(context, lit, moving ? 12 : 60)
  }

  drawDiscs(context, lit) {
    const byColour = new Map()
    for (let i = 0; i < this.graph.titles.length; i++) {
      const [x, y] = [this.screenX(i), this.screenY(i)]
      if (x < -20 || y < -20 || x > this.width + 20 || y > this.height + 20) continue
      const colour = this.colour(i)
      const key = lit && !lit.has(i) ? `~${colour}` : colour
      if (!byColour.has(key)) byColour.set(key, [])
      byColour.get(key).push(i)
    }
    const keys = [...byColour.keys()].sort((a, b) => b.startsWith("~") - a.startsWith("~"))
    for (const key of keys) {
      context.globalAlpha = key.startsWith("~") ? 0.18 : 1
      context.fillStyle = key.replace("~", "")
      context.beginPath()
      for (const i of byColour.get(key)) {
        const [x, y, r] = [this.screenX(i), this.screenY(i), this.radius(i)]
        if (r < 2) context.fillRect(x - r * 0.85, y - r * 0.85, r * 1.7, r * 1.7)
        else { context.moveTo(x + r, y); context.arc(x, y, r, 0, 6.2832) }
      }
      context.fill()
    }
    context.globalAlpha = 1
  }

  // Names of the most linked nodes first, none over another.
  drawNames(context, lit, most) {
    context.font = this.font
    context.textAlign = "center"
    context.lineJoin = "round"
    const taken = []
    const first = [this.hovered, this.selected].filter((i) => i !== null)
    let drawn = 0
    for (const i of [...first, ...(lit ? this.order.filter((n) => lit.has(n)) : this.order)]) {
      if (drawn >= most) break
      const [x, y] = [this.screenX(i), this.screenY(i) + this.radius(i) + 13]
      if (x < 0 || y < 0 || x > this.width || y > this.height) continue
      const title = this.graph.titles[i]
      const text = title.length > 28 ? `${title.slice(0, 27)}…` : title
      const half = context.measureText(text).width / 2 + 3
      const box = [x - half, y - 12, x + half, y + 4]
      if (taken.some((t) => box[0] < t[2] && box[2] > t[0] && box[1] < t[3] && box[3] > t[1])) continue
      taken.push(box)
      context.strokeStyle = this.paper
      context.lineWidth = 3
      context.strokeText(text, x, y)
      context.fillStyle = this.ink
      context.fillText(text, x, y)
      drawn++
    }
  }
}
