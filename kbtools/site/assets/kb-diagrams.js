/* A wide diagram shrinks only as far as its words can be read, and can be scrolled sideways beyond that, from its first
   node on. Stands behind mermaid, whose drawings say how wide they would like to be; how far is told by kb.css.
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
  const leftmost = (places) => places.reduce((a, b) => (b.left < a.left ? b : a))
  mermaid.render = async (...given) => {
    const drawn = await draw(...given)
    const coloured = drawn.svg.replace(/(?<=aria-roledescription="timeline"[^]*?<\/style>)/, TIMELINE)
    const svg = coloured.replace(/^(<svg[^>]*?style=")([^"]*?max-width:\s*([\d.]+)px)/, (_, head, style, width) =>
      `${head}min-width: calc(var(--kb-diagram, 0) * ${width}px); ${style}`)
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
