// Places for the few nodes around a page, by d3-force: they settle before they are seen, and give way when one is dragged.

function settled(n, links) {
  const nodes = Array.from({ length: n }, () => ({}))
  const edges = links.flatMap((targets, source) => targets.map((target) => ({ source, target })))
  return d3.forceSimulation(nodes)
    .force("link", d3.forceLink(edges).distance(60))
    .force("charge", d3.forceManyBody().strength(-260))
    .force("apart", d3.forceCollide(16))
    .force("x", d3.forceX().strength(0.07))
    .force("y", d3.forceY().strength(0.1))
    .stop()
    .tick(250)
}
