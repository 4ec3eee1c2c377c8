// A query's answer: the pages of the ranking, of which the first are looked at once more, with their texts.
//
// The index knows which words a page has, not where. The texts of the first pages are loaded to be shown anyway: a page
// that says everything in one paragraph goes before one that has the words here and there.

const AT_ONCE = 10
const APART = 0.3 // what is left of a score where nothing that was asked for stands together
const NAMED = 0.8 // what a score grows by where a name is all that was asked for, and nothing else
const LEAST_NAMED = 0.5
const NOWHERE = 0.1 // the weight of a word that no page has

const likeName = (named) => 1 + (NAMED * Math.max(0, named - LEAST_NAMED)) / (1 - LEAST_NAMED)

// {numbers, results, needles, meant, query}: numbers of all pages, best first; what to show of the first; what is marked
// in texts; words that no page has with those they were taken for, as [[typed, meant], ...]; and the query with those.
async function answer(index, typed) {
  const { query, meant: retyped } = await asMeant(index, typed)
  const parsed = parse(query)
  const { ranked, weights, meant, also } = await index.rank(parsed)
  const needles = parsed.needles.map((needle) => {
    const words = [...(also.get(needle.run) ?? []), ...(meant.has(needle.run) ? [meant.get(needle.run)] : [])]
    return { ...orOneOf(needle, words), weight: weights.get(needle.run) ?? NOWHERE }
  })
  const first = await Promise.all(ranked.slice(0, AT_ONCE).map(async ({ page, score, called }) => {
    const result = resultOf(await index.page(page), needles)
    return { page, result, score: called + (score - called) * (APART + (1 - APART) * result.together) * likeName(result.named) }
  }))
  first.sort((a, b) => b.score - a.score || a.page - b.page)
  const taken = parsed.needles.filter(({ run }) => meant.has(run)).map(({ run, word }) => [word, meant.get(run)])
  const spelt = taken.reduce((text, [typed, word]) => text.toLowerCase().replace(typed, () => word), query)
  return {
    numbers: [...first, ...ranked.slice(AT_ONCE)].map(({ page }) => page),
    results: first.map(({ result }) => result),
    needles,
    meant: [...retyped, ...taken],
    query: [spelt, ...[...also.values()].flat()].join(" "),
  }
}
