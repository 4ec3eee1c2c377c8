// Formulas, drawn by KaTeX where arithmatex has left them: \(…\) in a line, \[…\] on its own. Nothing is loaded.
(() => {
  const options = { throwOnError: false, errorColor: "currentColor", trust: false, strict: "ignore", maxExpand: 500, maxSize: 50 }
  const draw = () => {
    for (const element of document.querySelectorAll(".arithmatex:not([data-kb-drawn])")) {
      const source = element.textContent.trim()
      const open = source.slice(0, 2)
      const inner = source.startsWith("\\(") || source.startsWith("\\[") ? source.slice(2, -2) : source.replace(/^\$\$?|\$\$?$/g, "")
      element.dataset.kbDrawn = ""
      if (inner.length > 20000) continue
      try {
        katex.render(inner, element, { ...options, displayMode: open === "\\[" || element.tagName === "DIV" })
      } catch {
        element.textContent = source // what cannot be drawn is shown as it is written
      }
    }
  }
  draw()
  if (typeof document$ !== "undefined") document$.subscribe(draw) // Material's instant navigation
})()
