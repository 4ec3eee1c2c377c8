// The two places of the graph: a page with all of it, and a dialog with what surrounds a page.

const NEAR = 60
let loading = null

const graphOf = (root) => {
  loading ??= loadGraph(root)
  loading.catch(() => { loading = null })
  return loading
}

async function whole(root, place) {
  const graph = await graphOf(root)
  const asked = new URL(location.href).searchParams.get("page")
  const selected = asked === null ? null : graph.at(new URL(asked, root).href)
  const view = new View(graph, place, { selected })
  if (selected !== null) view.gestures.centre(selected)
}

async function around(root, href) {
  const graph = await graphOf(root)
  const start = graph.at(href)
  if (start === null) throw new Error("this page is not in the graph")
  const place = node("div", { class: "kb-graph" })
  const depths = [1, 2].map((depth) => node("button", { type: "button", "aria-pressed": String(depth === 1) }, many("{count} step", "{count} steps", depth)))
  let view = null
  const show = (depth) => {
    view?.close()
    depths.forEach((button, i) => button.setAttribute("aria-pressed", String(i + 1 === depth)))
    const nodes = graph.around(start, depth, NEAR)
    view = new View(graph.part(nodes), place, { selected: 0 })
  }
  depths.forEach((button, i) => button.addEventListener("click", () => show(i + 1)))
  const all = new URL(location.protocol === "file:" ? "graph/index.html" : "graph/", root)
  all.searchParams.set("page", graph.urls[start])
  const close = node("button", { type: "button" }, _("Close"))
  const dialog = node("dialog", { class: "kb-graph-dialog md-typeset", "aria-label": _("Graph around {page}", { page: graph.titles[start] }) },
    node("div", { class: "kb-graph-head" }, node("b", {}, _("Graph")),
      node("div", { class: "kb-graph-kinds", role: "group", "aria-label": _("How many links away") }, ...depths),
      node("a", { href: all.href }, _("Whole graph")), close), place)
  close.addEventListener("click", () => dialog.close())
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close() })
  dialog.addEventListener("close", () => { view.close(); dialog.remove() })
  document.body.append(dialog)
  dialog.showModal()
  show(1)
  place.querySelector(".kb-graph-canvas").focus()
}

window.kbGraph = { whole, around }
