// A query as units to look up. Python's half is search_terms.py: what is made there is what is looked up here.
//
// A unit is one piece of what was asked for: {weight, ways, run}. A way is a range of terms and how well it fits:
// {from, to, fit}; the best way that a page has counts. `run` is the number of the word that the unit is a piece of.
// Words of the wiki that sound like `sound` count as ways too. Where no page has a unit, its `word` is looked up as one
// that is misspelt.

const PAIRED = "가-힣ㄱ-ㅎㅏ-ㅣ々〆ぁ-ヿ㐀-䶿一-鿿"
const RUN = new RegExp(`[${PAIRED}]+|(?:(?![${PAIRED}])[\\p{L}\\p{N}_])+`, "gu")
const IS_HYPHENATED = /^[a-z]{2,}-[a-z]{2,}$/i
const IS_NUMBER = /^\d+$/
const IS_PAIRED = new RegExp(`^[${PAIRED}]`, "u")
const DOTTED = /(?<![A-Za-z0-9_.])[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)+/g
const LAST = "\uffff"
const LONGEST = 40
const MOST_RUNS = 24

// Words of questions, and such as say little: they choose between pages that fit anyway.
const WEAK = new Set(`어떻게 어떤 어떻 어때 어느 무엇 무엇인가 무슨 뭐야 뭔가 뭐 뭘 뭐가 뭔데 왜 언제 누가 누구 어디 어디서 얼마나 얼마 몇 개 방법 법
 이유 차이 차이점 때 수 것 거 게 중 중에 안 등 및 좀 더 또 또는 그리고 그냥 혹시 꼭 너무 정말 진짜 아주 매우 자꾸 계속 아직 아직도 이제 이미
 위한 위해 위해서 대한 대해 대해서 관한 통해 가진 서로 같은 같이 같아요 같아 같은데 에러 오류 해결 이런 그런 저런 이거 그거 이건 모르겠어요 모르겠음 싶어요 싶은데 궁금해요
 되나 되나요 될까 돼요 봐야 나와요 나오는 나오나요 나옵니다 거야 거예요 건가요 건지 할지 해야 뭐지 뭐죠 뭐예요 뭐에요 뭔가요 무엇일까요 무엇입니까 설명 추천 경우 의미 개념 역할 예시 알려주세요 말해주세요 도와주세요 할까요 할까
 해야되나 해야하나 해야돼 쓰고
 조금 조금씩 갑자기 어제 오늘 방금 근데 그런데 그래서 하지만 전혀 아예 원래 제대로 많이 번째 자주 가끔 결국 일단 그럼 그러면 됐는데 나서 어떡 어떡해 어쩌죠
 하는 하는법 쓰는 쓰는법 사용법 사용 써 써요 써야 쓰나요 쓰면 쓸까 있나요 있어요 있는 있는지 있고 알려줘
 the a an of in on for with and or to is are was were be been do does did has have how what why when which who where can could
 should would difference between will i my me it its this that there vs by from at as if not use using get
 many much often best good should only just really very still now always never sometimes suddenly keep keeps getting got someone anyone you your we so but about into than then any some please help need want way mean means explain don doesn isn error errors used uses work works concept concepts purpose role describe example examples give`.split(/\s+/))
const WEAK_WEIGHT = 0.15
const VERB_WEIGHT = 0.5 // a thing is named by nouns; how its verb is written, hardly a page can know

const exact = (term, fit = 1) => ({ from: term, to: term, fit })
const prefix = (term, fit) => ({ from: term, to: term + LAST, fit })

// The forms of a verb's roots, as ways of the pair that begins at a place: the root's last pair, or its only syllable.
function rootWays(roots, at) {
  return roots.filter((root) => at === Math.max(0, root.length - 2)).map((root) => {
    const [from, to] = formsOfRoot(root.slice(at))
    return root.length > 1 ? { from, to, fit: 0.8 } : { from, to: to + LAST, fit: 0.5 }
  })
}

function pairedUnits(run, weight, typing, roots) {
  if (IS_INITIALS.test(run)) return initialUnits(run, weight)
  if (run.length === 1) return [{ weight, ways: [exact(run), prefix(run, 0.6)], sound: weight === 1 && isHangul(run) ? run : "" }]
  const stem = lettersNamed(run) ? run : roots.length ? verbStemOf(run) : stemOf(run)
  const sound = /^[가-힣]+$/.test(stem) && weight === 1 && !roots.length ? stem : ""
  const units = []
  for (let i = 0; i + 1 < run.length; i++) {
    const pair = run.slice(i, i + 2)
    const ways = [exact(pair)]
    if (typing && i + 2 === run.length) ways.push(...growing(pair[0], pair[1]))
    if (run.length === 2 && OBJECTS.has(pair[1])) ways.push(exact(pair[0], 0.9), prefix(pair[0], 0.6))
    if (i + 2 === run.length) ways.push(...adnominal(pair))
    const inStem = i + 2 <= stem.length
    ways.push(...rootWays(roots, i))
    units.push({ weight: weight * (inStem ? 1 / (stem.length - 1) : 0.1), ways, sound: inStem ? sound : "" })
  }
  return units
}

const SUFFIXES = ["izations", "ization", "ations", "ation", "ings", "ing", "ions", "ion", "ers", "er", "ed", "es", "e", "s"]

// Other forms of an English word, by the rules of its endings: training, trained and trains; queries and query; running
// and run; made up of letters alone, and no dictionary.
function formsOf(word) {
  if (!/^[a-z]{3,}$/.test(word)) return []
  const bases = new Set([word])
  const base = (text) => { if (text.length > 2) bases.add(text) }
  if (/(ies|ied)$/.test(word)) base(`${word.slice(0, -3)}y`)
  if (/[^s]s$/.test(word)) base(word.slice(0, -1))
  if (/(s|x|z|ch|sh)es$/.test(word)) base(word.slice(0, -2))
  const ending = /(ing|ed|ers?)$/.exec(word)?.[0]
  if (ending) {
    const stem = word.slice(0, -ending.length)
    base(stem)
    base(`${stem}e`)
    if (/([bdgklmnprt])\1$/.test(stem)) base(stem.slice(0, -1))
  }
  const forms = new Set()
  for (const one of bases) {
    forms.add(one)
    if (one.endsWith("e")) for (const end of ["s", "d", "r"]) forms.add(one + end)
    if (one.endsWith("e")) forms.add(`${one.slice(0, -1)}ing`)
    else if (/[^aeiou]y$/.test(one)) for (const end of ["ies", "ied"]) forms.add(one.slice(0, -1) + end)
    else for (const end of ["s", "es", "ed", "er", "ing"]) forms.add(one + end)
    if (one.endsWith("y")) forms.add(`${one}ing`)
    if (/[^aeiou][aeiou][bdgklmnprt]$/.test(one)) for (const end of ["ed", "er", "ing"]) forms.add(one + one.at(-1) + end)
  }
  forms.delete(word)
  return [...forms]
}

function wordUnits({ text, joined }, weight) {
  const whole = text.replace(/^_+|_+$/g, "")
  const word = whole.toLowerCase()
  if (!word) return []
  const ways = [exact(word), prefix(word, 0.7), ...(joined ? [prefix(joined, 1)] : []), ...formsOf(word).map((form) => exact(form, 0.9))]
  if (word.length > 3) {
    const suffix = SUFFIXES.find((s) => word.endsWith(s) && word.length - s.length >= 4)
    if (suffix) ways.push(prefix(word.slice(0, -suffix.length), 0.45))
  }
  const units = [{ weight, ways, word, sound: /^[a-z]{3,}$/.test(word) && weight === 1 ? word : "" }]
  if (word.includes("_"))
    for (const part of new Set(word.split("_")))
      if (part.length > 2) units.push({ weight: weight * 0.15, ways: [exact(part)] })
  return units
}

// Names with dots: each two parts that stand together.
function dottedUnits(text, runs) {
  const units = []
  for (const m of text.matchAll(DOTTED)) {
    const parts = m[0].toLowerCase().split(".")
    const run = runs.findIndex((r) => r.end > m.index)
    for (let i = 0; i + 1 < parts.length; i++)
      units.push({ weight: 0.5, ways: [exact(`${parts[i]}.${parts[i + 1]}`)], run: run + i })
  }
  return units
}

// How many letters have to be put in, left out, changed, or changed with their neighbour; more than `most` is all one.
function distance(a, b, most) {
  if (Math.abs(a.length - b.length) > most) return most + 1
  let [older, old] = [null, Array.from({ length: b.length + 1 }, (_, j) => j)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      row[j] = Math.min(old[j] + 1, row[j - 1] + 1, old[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) row[j] = Math.min(row[j], older[j - 2] + 1)
    }
    if (Math.min(...row) > most) return most + 1
    ;[older, old] = [old, row]
  }
  return old[b.length]
}

// Cuts a query: {units, names, needles}. `names` are whole names to look up, each with the share of the query it covers;
// `needles` are what is marked in texts.
function parse(query) {
  const text = query.normalize("NFC")
  const runs = []
  let before = null
  for (const m of text.matchAll(RUN)) {
    const run = { text: m[0], paired: IS_PAIRED.test(m[0]), end: m.index + m[0].length }
    const attached = run.paired && before && !before.paired && before.end === m.index
    if (before && before.end + 1 === m.index && text[before.end] === "-" && IS_HYPHENATED.test(`${before.text}-${run.text}`))
      before.joined = run.joined = (before.text + run.text).toLowerCase() // pre-trained may be pretrained elsewhere
    run.counts = IS_NUMBER.test(run.text) || (attached && IS_NUMBER.test(before.text)) // 3장
    before = run
    if (attached && isEnding(run.text)) continue
    if (run.text.length <= LONGEST) runs.push(run)
    if (runs.length === MOST_RUNS) break
  }
  for (const [i, run] of runs.entries()) run.roots = run.paired ? rootsOf(run.text, runs[i + 1]?.text ?? "") : []
  const isWeak = ({ text, paired, counts }) => counts || WEAK.has(text.toLowerCase()) || (paired && (WEAK.has(stemOf(text)) || WEAK.has(stemOf(text, 1)) || isEnding(text)))
  const plain = runs.some((run) => !isWeak(run))
  const units = runs.flatMap((run, i) => {
    const weight = plain && isWeak(run) ? WEAK_WEIGHT : plain && run.roots.length ? VERB_WEIGHT : 1
    const some = run.paired ? pairedUnits(run.text, weight, run.end === text.length, run.roots) : wordUnits(run, weight)
    return some.map((unit) => ({ ...unit, run: i }))
  })
  units.push(...dottedUnits(text, runs))
  const words = runs.map((run, i) => ({ ...run, run: i })).filter((run) => !plain || !isWeak(run))
  return { units, names: namesOf(runs, words), needles: needlesOf(words) }
}

// A word in Latin letters without the s of a plural: tensors and tensor are one name.
const singular = (word) => word.replace(/([a-z]{2}[^s])s$/, "$1")

// What may be the name of a page: the first words of a query, each of its other words, and each two that say something.
function namesOf(runs, words) {
  const flat = (some) => singular(some.map((run) => run.text.replace(/_/g, "")).join("").toLowerCase())
  const all = flat(runs).length || 1
  const found = new Map()
  for (let n = runs.length; n > 0 && n > runs.length - 4; n--) {
    const held = runs.slice(0, n)
    const last = held[n - 1]
    const stems = [held, [...held.slice(0, -1), { text: last.paired ? stemOf(last.text) : last.text }]]
    for (const some of stems) {
      const name = flat(some)
      if (name && !found.has(name)) found.set(name, { name, share: n === runs.length ? 1 : name.length / all })
    }
  }
  const stemmed = words.map((run) => ({ ...run, text: run.paired ? stemOf(run.text) : run.text }))
  for (const some of stemmed.flatMap((run, i) => (i ? [[run], [words[i - 1], run]] : [[run]]))) {
    const name = flat(some)
    if (name.length > 1 && !found.has(name)) found.set(name, { name, share: name.length / all })
  }
  return [...found.values()]
}

// A pattern for each thing that was asked for, to be found in running text: {run, word, strict, loose}.
function needlesOf(words) {
  const escape = (s) => s.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
  const seen = new Set()
  const needles = []
  for (const run of words) {
    const word = run.roots?.length ? verbStemOf(run.text) : run.paired ? stemOf(run.text) : run.text.replace(/^_+|_+$/g, "")
    if (!word || seen.has(word.toLowerCase())) continue
    seen.add(word.toLowerCase())
    const last = word.at(-1)
    let source = run.paired ? [...word].map(escape).join(" ?") : `(?<![\\p{L}\\p{N}])${escape(word)}`
    if (run.paired && run.text.startsWith(`${word}기`)) source += "기?" // 기울기 is no form of a verb
    if (run.paired && INITIALS.includes(last)) source = [...word.slice(0, -1)].map(escape).join(" ?")
    if (!run.paired && word.length < 3) source += "(?![A-Za-z0-9])"
    if (!source) continue
    if (run.joined) source += `|(?<![\\p{L}\\p{N}])${run.joined}`
    const forms = run.paired ? [] : formsOf(word.toLowerCase())
    if (forms.length) source += `|(?<![\\p{L}\\p{N}])(?:${forms.join("|")})(?![\\p{L}\\p{N}])`
    const roots = (run.roots ?? []).map((root) => {
      const [from, to] = formsOfRoot(root)
      return `${root.slice(0, -1)}[${from.at(-1)}-${to.at(-1)}]`
    })
    const suffix = !run.paired && SUFFIXES.find((s) => word.toLowerCase().endsWith(s) && word.length - s.length >= 4)
    const looser = run.paired
      ? [...[...word].slice(0, -1).map((c, i) => escape(c + word[i + 1])), ...roots].join("|")
      : escape(suffix ? word.slice(0, -suffix.length) : word)
    needles.push({
      run: run.run,
      word: word.toLowerCase(),
      strict: new RegExp(source, "giu"),
      loose: looser && new RegExp(looser, "giu"),
    })
  }
  return needles
}

// The same needle, which finds other words as well: only whole, since a part of such a word says nothing.
function orOneOf(needle, words) {
  const others = needlesOf(words.map((text) => ({ run: needle.run, text, paired: IS_PAIRED.test(text) })))
  return others.length ? { ...needle, strict: new RegExp([needle, ...others].map(({ strict }) => strict.source).join("|"), "giu") } : needle
}
