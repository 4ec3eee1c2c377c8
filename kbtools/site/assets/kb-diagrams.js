/* A wide diagram shrinks only as far as its words can be read. A flowchart that is wider is drawn in the other direction
   if it is narrower so; what is still too wide can be scrolled sideways, from its first node on. Stands behind mermaid,
   whose drawings say how wide they would like to be; how far they may shrink is told by kb.css.
   Material gives most kinds of diagrams the site's colours, light and dark; timelines get them here. */
(() => {
  "use strict"
  const { mermaid } = globalThis
  const draw = mermaid.render.bind(mermaid)
  const TIMELINE = `<style>
    .timeline-node .node-bkg { fill: var(--md-mermaid-node-bg-color) !important; stroke: var(--md-mermaid-node-fg-color) }
    .timeline-node text { fill: var(--md-mermaid-label-fg-color) !important }
    .timeline-node line, .lineWrapper line, svg > g > line { stroke: var(--md-mermaid-edge-color) !important }
    marker path { fill: var(--md-mermaid-edge-color) }
  </style>`
  const DIRECTION = /^(\s*(?:(?:%%.*|---\n[^]*?\n---)\s*\n\s*)*(?:flowchart|graph)[ \t]+)(LR|RL|TB|TD|BT)\b/
  const TURNED = { LR: "TB", RL: "TB", TB: "LR", TD: "LR", BT: "LR" }
  const widthOf = ({ svg }) => Number(/^<svg[^>]*?max-width:\s*([\d.]+)px/.exec(svg)?.[1] ?? 0)
  const room = (text) => { // in the drawing's own pixels
    const place = [...document.querySelectorAll("pre.mermaid")].find((pre) => pre.textContent === text)
    return place ? place.clientWidth / (Number(getComputedStyle(place).getPropertyValue("--kb-diagram")) || 1) : Infinity
  }
  const drawnToFit = async (id, text, ...more) => {
    const drawn = await draw(id, text, ...more)
    if (widthOf(drawn) <= room(text) || !DIRECTION.test(text)) return drawn
    const turned = await draw(id, text.replace(DIRECTION, (_, head, way) => head + TURNED[way]), ...more)
    return widthOf(turned) < widthOf(drawn) ? turned : drawn
  }
  const leftmost = (places) => places.reduce((a, b) => (b.left < a.left ? b : a))
  mermaid.render = async (...given) => {
    const drawn = await drawnToFit(...given)
    const coloured = drawn.svg.replace(/(?<=aria-roledescription="timeline"[^]*?<\/style>)/, TIMELINE)
    const svg = coloured.replace(/^(<svg[^>]*?style=")([^"]*?max-width:\s*([\d.]+)px)/, (_, head, style, width) =>
      `${head}display: block; margin: auto; min-width: calc(var(--kb-diagram, 0) * ${width}px); ${style}`)
    const fn = (shadow) => { // called by Material when the drawing stands in its page
      const { host } = shadow
      const actors = [...shadow.querySelectorAll(".actor")].map((actor) => actor.getBoundingClientRect())
      const first = actors.length ? leftmost(actors) : shadow.querySelector(".node")?.getBoundingClientRect()
      const box = host.getBoundingClientRect()
      if (first) host.scrollLeft = first.left + first.width / 2 - box.left - box.width / 2
    }
    return { ...drawn, svg, fn }
  }
})()
