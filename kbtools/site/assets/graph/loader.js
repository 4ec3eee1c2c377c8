// All that a page loads of the graph until it is asked for: the rest comes with the first click, or on the graph's page.
(() => {
  "use strict"
  const root = new URL("../", document.currentScript.src).href
  let loading = null

  const loaded = () => (loading ??= new Promise((resolve, reject) => {
    const style = document.createElement("link")
    style.rel = "stylesheet"
    style.href = `${root}assets/kb-graph.css`
    const script = document.createElement("script")
    script.src = `${root}assets/kb-graph-view.js`
    let missing = 2
    const one = () => { if (--missing === 0) resolve(window.kbGraph) }
    style.onload = script.onload = one
    style.onerror = script.onerror = () => { loading = null; reject(new Error("the graph cannot be loaded")) }
    document.head.append(style, script)
  }))

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-kb-graph]")
    if (!button) return
    button.setAttribute("aria-busy", "true")
    loaded().then((graph) => graph.around(root, document.querySelector("base")?.href ?? location.href)).catch((error) => {
      console.error(error)
      button.textContent = _("The graph could not be loaded. Press again to try again.")
    }).finally(() => button.removeAttribute("aria-busy"))
  })

  const whole = () => {
    const place = document.querySelector("[data-kb-graph-all]")
    if (!place) return
    loaded().then((graph) => graph.whole(root, place)).catch((error) => {
      console.error(error)
      place.textContent = _("The graph could not be loaded.")
    })
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", whole)
  else whole()
})()
