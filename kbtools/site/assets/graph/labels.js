// Labels on the drawing: of the most linked pages first, more the nearer one looks, none over another. On a small graph
// none over a disc either.

const LONGEST_NAME = 28
const SPACE = 15_000 // square pixels for a name when all of the graph is seen
const MOST_NAMES = 120

class Names {
  constructor(drawing) {
    this.drawing = drawing
    this.known = new Map()
  }

  // A title as it is drawn, with its width, measured once.
  name(context, i, size) {
    const key = `${i} ${size}`
    let known = this.known.get(key)
    if (!known) {
      const title = this.drawing.graph.titles[i]
      const text = title.length > LONGEST_NAME ? `${title.slice(0, LONGEST_NAME - 1)}…` : title
      this.known.set(key, known = { text, half: context.measureText(text).width / 2 + 4 })
    }
    return known
  }

  draw(context, lit) {
    const { drawing } = this
    const { graph, order, width, height, fade } = drawing
    const most = Math.min(MOST_NAMES, (width * height * Math.max(1, Math.min(4, drawing.zoomed))) / SPACE)
    const first = [drawing.hovered, drawing.selected].filter((i) => i !== null)
    const bright = lit ? order.filter((i) => lit.has(i)) : []
    const taken = []
    const greatest = Math.max(1, graph.into[order.at(-1)] ?? 1)
    let [drawn, tried] = [0, 0]
    context.textAlign = "center"
    context.lineJoin = "round"
    context.lineWidth = 3
    context.strokeStyle = drawing.paper
    context.fillStyle = drawing.ink
    const place = (i, alpha) => {
      const [x, y, r] = [drawing.screenX(i), drawing.screenY(i), drawing.radius(i)]
      if (x < -80 || y < -30 || x > width + 80 || y > height + 30 || !drawing.shows(i)) return
      tried++
      const size = first.includes(i) ? 14 : 11 + Math.round(2 * Math.sqrt(graph.into[i] / greatest))
      context.font = `${first.includes(i) ? 700 : 500} ${size}px ${drawing.font}`
      const { text, half } = this.name(context, i, size)
      // Below the disc, above it, or beside it; moved aside at an edge, for none is cut off there.
      const within = Math.min(Math.max(x, half), width - half)
      const places = [
        [within, y + r + size + 2], [within, y - r - 5], [x + r + half, y + size / 3], [x - r - half, y + size / 3],
      ]
      for (const [middle, base] of places) {
        const box = [middle - half, base - size, middle + half, base + 4, i]
        if (box[0] < 0 || box[2] > width || box[1] < 0 || box[3] > height) continue
        if (taken.some((t) => t[4] !== i && box[0] < t[2] && box[2] > t[0] && box[1] < t[3] && box[3] > t[1])) continue
        taken.push(box)
        drawn++
        context.globalAlpha = alpha
        context.strokeText(text, middle, base)
        context.fillText(text, middle, base)
        return
      }
    }
    if (!drawing.many)
      for (const i of order) {
        const [x, y, r] = [drawing.screenX(i), drawing.screenY(i), drawing.radius(i)]
        if (drawing.shows(i) && (!lit || fade < 1 || lit.has(i))) taken.push([x - r, y - r, x + r, y + r, i])
      }
    first.forEach((i) => place(i, 1))
    for (const i of bright.reverse()) if (drawn < most && !first.includes(i)) place(i, 1)
    if (fade < 1)
      for (let n = order.length - 1; n >= 0 && drawn < most && tried < most * 6; n--)
        if (!lit?.has(order[n]) && !first.includes(order[n])) place(order[n], 1 - fade)
    context.globalAlpha = 1
  }
}
