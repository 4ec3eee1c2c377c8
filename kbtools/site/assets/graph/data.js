// The graph as numbers: node i has titles[i], urls[i], a place, links to other nodes and a group of each kind.

async function loadGraph(root) {
  const packed = await new Promise((resolve, reject) => {
    const script = document.createElement("script")
    window.kbGraphData = resolve
    script.onerror = () => reject(new Error("the graph's data cannot be loaded"))
    script.src = `${root}assets/kb-graph-data.js`
    document.head.append(script)
  })
  const bytes = Uint8Array.from(atob(packed), (c) => c.charCodeAt(0))
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))
  return new Graph(JSON.parse(await new Response(stream).text()), root)
}

class Graph {
  constructor({ titles, urls, x, y, links, groups }, root) {
    Object.assign(this, { titles, urls, links, groups })
    this.root = root
    this.x = Float64Array.from(x)
    this.y = Float64Array.from(y)
    this.incoming = titles.map(() => [])
    links.forEach((targets, from) => targets.forEach((to) => this.incoming[to].push(from)))
    this.out = links.map((targets) => targets.length)
    this.into = this.incoming.map((sources) => sources.length)
    this.number = new Map(urls.map((url, i) => [this.path(this.href(i)), i]))
    this.names = titles.map((title) => plain(title))
  }

  href(i) {
    const url = new URL(this.urls[i], this.root)
    if (url.protocol === "file:" && url.pathname.endsWith("/")) url.pathname += "index.html"
    return url.href
  }

  path(href) {
    return decodeURI(new URL(href).pathname.replace(/index\.html$/, ""))
  }

  at(href) {
    return this.number.get(this.path(href)) ?? null
  }

  neighbours(i) {
    return [...new Set([...this.links[i], ...this.incoming[i]])]
  }

  // Nodes at most `depth` links away, nearest first, and among those the most linked.
  around(start, depth, most) {
    const seen = new Set([start])
    let ring = [start]
    for (let step = 0; step < depth && seen.size < most; step++) {
      const next = new Set(ring.flatMap((i) => this.neighbours(i)).filter((i) => !seen.has(i)))
      ring = [...next].sort((a, b) => this.incoming[b].length - this.incoming[a].length || a - b).slice(0, most - seen.size)
      ring.forEach((i) => seen.add(i))
    }
    return [...seen]
  }

  // A part of the graph as a graph, laid out anew.
  part(nodes) {
    const local = new Map(nodes.map((node, i) => [node, i]))
    const pick = (list) => nodes.map((node) => list[node])
    const links = nodes.map((node) => this.links[node].map((to) => local.get(to)).filter((to) => to !== undefined))
    const groups = {}
    for (const [kind, group] of Object.entries(this.groups)) groups[kind] = { ...group, of: pick(group.of) }
    const part = new Graph({ titles: pick(this.titles), urls: pick(this.urls), x: [], y: [], links, groups }, this.root)
    Object.assign(part, { out: pick(this.out), into: pick(this.into) }) // what a page is in the whole wiki
    part.simulation = settled(nodes.length, links)
    part.follow()
    return part
  }

  // Take the places over from the simulation.
  follow() {
    const nodes = this.simulation.nodes()
    this.x = Float64Array.from(nodes, (node) => node.x)
    this.y = Float64Array.from(nodes, (node) => node.y)
  }

  // Nodes whose title has a text in it, those that begin with it first.
  find(text, most) {
    const wanted = plain(text)
    if (!wanted) return []
    const hits = []
    this.names.forEach((name, i) => { if (name.includes(wanted)) hits.push([name.startsWith(wanted) ? 0 : 1, name.length, i]) })
    return hits.sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]).slice(0, most).map((hit) => hit[2])
  }
}

const plain = (text) => text.normalize("NFC").toLowerCase().replace(/[\s_.-]+/g, "")
