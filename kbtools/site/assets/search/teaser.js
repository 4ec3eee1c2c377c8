// What a result shows of its page: the sections that speak of what was asked for, and the sentence that does.
// Everything is text: nothing of a page is ever read as HTML.

const TEASER = 150
const MOST_SECTIONS = 3
const LOOSE = 0.3
const lettersOf = (text) => text.replace(/\s/g, "").length || 1
const sum = (numbers) => numbers.reduce((a, b) => a + b, 0)
const SENTENCE_END = /[.!?。！？…]["'”’)\]]*\s/g

// Places of the needles in a text, as [start, end), sorted; those of the looser patterns where the strict find nothing.
// `hits` are what each needle has found there: its weight, a part of it where only the looser pattern fits, or nothing.
function marksOf(text, needles) {
  const marks = []
  const hits = needles.map(({ weight, strict, loose }) => {
    let places = [...text.matchAll(strict)]
    const fit = places.length ? 1 : LOOSE
    if (!places.length && loose) places = [...text.matchAll(loose)]
    marks.push(...places.map((m) => [m.index, m.index + m[0].length]))
    return places.length ? weight * fit : 0
  })
  marks.sort((a, b) => a[0] - b[0])
  const apart = []
  for (const mark of marks) {
    const last = apart.at(-1)
    if (mark[1] === mark[0]) continue
    if (last && mark[0] <= last[1]) last[1] = Math.max(last[1], mark[1])
    else apart.push(mark)
  }
  return { hits, found: sum(hits), marks: apart }
}

// The line of a text in which most of the needles stand, cut to a sentence around the first.
function teaserOf(text, needles) {
  let best = { line: text.split("\n", 1)[0], hits: [], found: 0, marks: [] }
  for (const line of text.split("\n")) {
    const { hits, found, marks } = marksOf(line, needles)
    if (found > best.found) best = { line, hits, found, marks }
  }
  const { line, marks } = best
  if (line.length <= TEASER) return { ...best, pieces: pieces(line, marks, 0, line.length) }
  const at = marks[0]?.[0] ?? 0
  let start = 0
  for (const m of line.slice(0, at).matchAll(SENTENCE_END)) start = m.index + m[0].length
  if (at - start > TEASER / 2) start = line.lastIndexOf(" ", at - TEASER / 3) + 1 || at - TEASER / 3
  const end = Math.min(line.length, Math.ceil(start) + TEASER)
  const stop = end < line.length ? Math.max(line.lastIndexOf(" ", end), start + TEASER / 2) : end
  return { ...best, pieces: pieces(line, marks, Math.ceil(start), Math.ceil(stop)) }
}

function pieces(line, marks, start, stop) {
  const out = start > 0 ? [["… ", false]] : []
  let at = start
  for (const [from, to] of marks) {
    if (from < at || to > stop) continue
    out.push([line.slice(at, from), false], [line.slice(from, to), true])
    at = to
  }
  out.push([line.slice(at, stop), false])
  if (stop < line.length) out.push([" …", false])
  return out.filter(([text]) => text)
}

// {url, title, teaser, sections, together, named} of a page: its own teaser, and up to three of its sections with theirs.
// `together` is the share of what was asked for that stands in one paragraph, the heading above it and the page's title, or
// in one of the page's other names and the title. `named` is how far one of its names is what was asked for: the share that
// stands in the name, times the share of the name that it is.
function resultOf(page, needles) {
  const titled = marksOf(page.title, needles)
  const joined = (...places) => sum(titled.hits.map((hit, i) => Math.max(hit, ...places.map(({ hits }) => hits[i] ?? 0))))
  const all = sum(needles.map(({ weight }) => weight))
  const names = page.names.map((name) => ({ name, ...marksOf(name, needles) }))
  const named = Math.max(0, ...[{ name: page.title, ...titled }, ...names].map(({ name, found, marks }) =>
    (found / all) * (sum(marks.map(([from, to]) => lettersOf(name.slice(from, to)))) / lettersOf(name))))
  let together = Math.max(0, ...names.map((name) => joined(name)))
  const rated = page.sections.map((section, order) => {
    const teaser = teaserOf(section.text, needles)
    const heading = marksOf(section.heading, needles)
    together = Math.max(together, joined(heading, teaser))
    return { ...section, order, teaser, heading: pieces(section.heading, heading.marks, 0, section.heading.length),
      worth: heading.found * 2 + teaser.found }
  })
  const intro = rated.find((s) => !s.anchor) ?? rated[0]
  const most = Math.max(...rated.map((s) => s.worth))
  const sections = rated.filter((s) => s.anchor && s.worth && s.worth >= most * 0.6).sort((a, b) => b.worth - a.worth || a.order - b.order)
    .slice(0, MOST_SECTIONS).sort((a, b) => a.order - b.order)
  const title = pieces(page.title, titled.marks, 0, page.title.length)
  return { url: page.url, title, teaser: intro?.teaser.pieces ?? [], sections, together: all ? together / all : 0, named: all ? named : 0 }
}
