/* What reaches beyond the screen can be reached with a keyboard: tables, diagrams and code that scroll sideways take the
   focus. Material sees to code only where it has a button to copy it. */
(() => {
  const look = () => {
    for (const wrap of document.querySelectorAll(".md-typeset__scrollwrap, div.mermaid")) {
      const wide = wrap.scrollWidth > wrap.clientWidth
      if (wide) wrap.tabIndex = 0
      else wrap.removeAttribute("tabindex")
      if (wide) {
        wrap.setAttribute("role", "region")
        wrap.setAttribute("aria-label", wrap.matches(".mermaid") ? _("A picture that scrolls sideways") : _("A table that scrolls sideways"))
      } else {
        wrap.removeAttribute("role")
        wrap.removeAttribute("aria-label")
      }
    }
  }
  const lookAtCode = () => {
    for (const code of document.querySelectorAll(".md-content pre > code")) {
      if (code.scrollWidth > code.clientWidth) code.tabIndex = 0
      else code.removeAttribute("tabindex")
    }
  }
  const start = () => {
    const content = document.querySelector(".md-content")
    if (!content) return
    new MutationObserver(look).observe(content, { childList: true, subtree: true })
    new ResizeObserver(() => { look(); lookAtCode() }).observe(content)
    content.addEventListener("toggle", lookAtCode, true) // what was folded had no width
    look()
    lookAtCode()
  }
  if (window.document$) window.document$.subscribe(start)
  else if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start)
  else start()
})()

/* "Copy as Markdown" is a link to the page's Markdown: where the browser gives no clipboard, it is followed. */
document.addEventListener("click", async (event) => {
  const link = event.target instanceof Element ? event.target.closest("a[data-kb-copy]") : null
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return
  event.preventDefault()
  try {
    const answer = await fetch(link.href)
    if (!answer.ok) throw new Error(answer.statusText)
    await navigator.clipboard.writeText(await answer.text())
  } catch {
    location.assign(link.href)
    return
  }
  const name = link.textContent
  link.textContent = _("Copied")
  setTimeout(() => { link.textContent = name }, 2000)
})
