/* A wide diagram shrinks only as far as its words can be read, and can be scrolled sideways beyond that, from its first
   node on. Stands behind mermaid, whose drawings say how wide they would like to be; how far is told by kb.css. */
(() => {
  "use strict"
  const { mermaid } = globalThis
  const draw = mermaid.render.bind(mermaid)
  mermaid.render = async (...given) => {
    const drawn = await draw(...given)
    const svg = drawn.svg.replace(/^(<svg[^>]*?style=")([^"]*?max-width:\s*([\d.]+)px)/, (_, head, style, width) =>
      `${head}min-width: calc(var(--kb-diagram, 0) * ${width}px); ${style}`)
    const fn = (shadow) => { // called by Material when the drawing stands in its page
      const { host } = shadow
      const first = shadow.querySelector(".node, .actor")?.getBoundingClientRect()
      const box = host.getBoundingClientRect()
      if (first) host.scrollLeft = first.left + first.width / 2 - box.left - box.width / 2
    }
    return { ...drawn, svg, fn }
  }
})()
