// The same graph for those who do not look at drawings: a table, made when it is unfolded.

const ROWS = 200

function tableOf(graph) {
  const kinds = Object.values(graph.groups)
  const order = graph.titles.map((_, i) => i)
    .sort((a, b) => graph.into[b] - graph.into[a] || (graph.titles[a] < graph.titles[b] ? -1 : 1))
  const head = [_("Page"), ...kinds.map((group) => group.name), _("Links to"), _("Links from other pages")]
  const body = node("tbody")
  const more = node("button", { type: "button", class: "md-button" }, _("Show more"))
  let shown = 0
  const add = () => {
    const next = order.slice(shown, shown + ROWS)
    body.append(...next.map((i) => node("tr", {},
      node("td", {}, node("a", { href: graph.href(i) }, graph.titles[i])),
      ...kinds.map((group) => node("td", {}, node("span", { class: "kb-category" }, group.labels[group.of[i]]))),
      node("td", {}, graph.links[i].map((to) => graph.titles[to]).slice(0, 20).join(", ") || "–"),
      node("td", {}, count(graph.into[i])))))
    shown += next.length
    more.hidden = shown >= order.length
  }
  more.addEventListener("click", add)
  const table = node("table", {}, node("thead", {}, node("tr", {}, ...head.map((h) => node("th", { scope: "col" }, h)))), body)
  const details = node("details", { class: "kb-graph-table" }, node("summary", {}, many("As a table ({count} page)", "As a table ({count} pages)", order.length)),
    node("div", { class: "md-typeset__scrollwrap" }, node("div", { class: "md-typeset__table" }, table)), more)
  details.addEventListener("toggle", () => { if (details.open && !shown) add() })
  return details
}
