// A query as units to look up. Python's half is search_terms.py: what is made there is what is looked up here.
//
// A unit is one piece of what was asked for: {weight, ways, run}. A way is a range of terms and how well it fits:
// {from, to, fit}; the best way that a page has counts. `run` is the number of the word that the unit is a piece of.
// Words of the wiki that sound like `sound` count as ways too. Where no page has a unit, its `word` is looked up as one
// that is misspelt.

const PAIRED = "가-힣ㄱ-ㅎㅏ-ㅣ々〆ぁ-ヿ㐀-䶿一-鿿"
const RUN = new RegExp(`[${PAIRED}]+|(?:(?![${PAIRED}])[\\p{L}\\p{N}_])+`, "gu")
const IS_PAIRED = new RegExp(`^[${PAIRED}]`, "u")
const DOTTED = /(?<![A-Za-z0-9_.])[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)+/g
const LAST = "\uffff"
const LONGEST = 40
const MOST_RUNS = 24

// Particles, the copula, and the forms of 하다 and 되다 that follow a noun. Longest first.
const ENDINGS = [...HANGUL.endings].sort((a, b) => b.length - a.length)
const OBJECTS = new Set("을를은는")

// Words of questions: they choose between pages that fit anyway.
const WEAK = new Set(`어떻게 어떤 무엇 무엇인가 뭐야 뭔가 뭐 왜 언제 방법 법 하는 하는법 쓰는 쓰는법 사용법 사용 때 수 것 안 등 및 좀 또는 그리고
 the a an of in on for with and or to is are be do does did how what why when which can i my it vs by from use using`
  .split(/\s+/))
const WEAK_WEIGHT = 0.15

const INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
const [FIRST_SYLLABLE, LAST_SYLLABLE] = [0xac00, 0xd7a3]
const isSyllable = (code) => code >= FIRST_SYLLABLE && code <= LAST_SYLLABLE

const IS_INITIALS = /^[ㄱ-ㅎ]+$/
const INITIALS_MARK = "^"
const JOINED = { ㄳ: "ㄱㅅ", ㄵ: "ㄴㅈ", ㄶ: "ㄴㅎ", ㄺ: "ㄹㄱ", ㄻ: "ㄹㅁ", ㄼ: "ㄹㅂ", ㄽ: "ㄹㅅ", ㄾ: "ㄹㅌ", ㄿ: "ㄹㅍ", ㅀ: "ㄹㅎ", ㅄ: "ㅂㅅ" }

// The names of Latin letters: 디디피 is ddp.
const LETTER_NAMES = { 더블유: "w", 에이치: "h", 에이: "a", 비: "b", 씨: "c", 시: "c", 디: "d", 이: "e", 에프: "f", 지: "g", 아이: "i", 제이: "j",
  케이: "k", 엘: "l", 엠: "m", 엔: "n", 오: "o", 피: "p", 큐: "q", 아르: "r", 알: "r", 에스: "s", 티: "t", 유: "u", 브이: "v", 엑스: "x",
  와이: "y", 제트: "z" }
const LETTER_NAME = new RegExp(Object.keys(LETTER_NAMES).join("|"), "g")

const exact = (term, fit = 1) => ({ from: term, to: term, fit })
const prefix = (term, fit) => ({ from: term, to: term + LAST, fit })

// What is left of a Korean word without its endings; at least two syllables.
function stemOf(word, least = 2) {
  for (let round = 0; round < 2; round++) {
    const ending = ENDINGS.find((e) => word.endsWith(e) && word.length - e.length >= least)
    if (!ending) break
    word = word.slice(0, -ending.length)
  }
  return word
}

// The letters that a word names, or nothing.
function lettersNamed(word) {
  const letters = word.replace(LETTER_NAME, (name) => LETTER_NAMES[name])
  return /^[a-z]{2,}$/.test(letters) ? letters : ""
}

const isEnding = (word) => stemOf(word, 0) === ""

// A pair whose second syllable may still grow while it is typed: 도 may become 동, and ㄷ any syllable that begins so.
function growing(first, last) {
  const code = last.charCodeAt(0)
  const initial = INITIALS.indexOf(last)
  if (initial >= 0) {
    const start = FIRST_SYLLABLE + initial * 588
    return [{ from: first + String.fromCharCode(start), to: first + String.fromCharCode(start + 587), fit: 0.8 }]
  }
  if (isSyllable(code) && (code - FIRST_SYLLABLE) % 28 === 0)
    return [{ from: first + last, to: first + String.fromCharCode(code + 27), fit: 0.8 }]
  return []
}

// Initial consonants, as the beginning of a name. Those that a keyboard joins (ㄳ) are taken apart.
function initialUnits(run, weight) {
  const initials = [...run].map((c) => JOINED[c] ?? c).join("")
  if (initials.length < 2) return []
  const ways = [exact(INITIALS_MARK + initials), prefix(INITIALS_MARK + initials, 0.9)]
  return [{ weight, ways }]
}

function pairedUnits(run, weight, typing) {
  if (IS_INITIALS.test(run)) return initialUnits(run, weight)
  if (run.length === 1) return [{ weight, ways: [exact(run), prefix(run, 0.6)] }]
  const stem = stemOf(run)
  const sound = /^[가-힣]+$/.test(stem) && weight === 1 ? stem : ""
  const units = []
  for (let i = 0; i + 1 < run.length; i++) {
    const pair = run.slice(i, i + 2)
    const ways = [exact(pair)]
    if (typing && i + 2 === run.length) ways.push(...growing(pair[0], pair[1]))
    if (run.length === 2 && OBJECTS.has(pair[1])) ways.push(exact(pair[0], 0.9), prefix(pair[0], 0.6))
    const inStem = i + 2 <= stem.length
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

function wordUnits(run, weight) {
  const whole = run.replace(/^_+|_+$/g, "")
  const word = whole.toLowerCase()
  if (!word) return []
  const ways = [exact(word), prefix(word, 0.7), ...formsOf(word).map((form) => exact(form, 0.9))]
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
    before = run
    if (attached && isEnding(run.text)) continue
    if (run.text.length <= LONGEST) runs.push(run)
    if (runs.length === MOST_RUNS) break
  }
  const isWeak = (run) => WEAK.has(run.text.toLowerCase()) || (run.paired && WEAK.has(stemOf(run.text)))
  const plain = runs.some((run) => !isWeak(run))
  const units = runs.flatMap((run, i) => {
    const weight = plain && isWeak(run) ? WEAK_WEIGHT : 1
    const some = run.paired ? pairedUnits(run.text, weight, run.end === text.length) : wordUnits(run.text, weight)
    return some.map((unit) => ({ ...unit, run: i }))
  })
  units.push(...dottedUnits(text, runs))
  const words = runs.map((run, i) => ({ ...run, run: i })).filter((run) => !plain || !isWeak(run))
  return { units, names: namesOf(runs), needles: needlesOf(words) }
}

function namesOf(runs) {
  const flat = (some) => some.map((run) => run.text.replace(/_/g, "")).join("").toLowerCase()
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
  return [...found.values()]
}

// A pattern for each thing that was asked for, to be found in running text: {run, word, strict, loose}.
function needlesOf(words) {
  const escape = (s) => s.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
  const seen = new Set()
  const needles = []
  for (const run of words) {
    const word = run.paired ? stemOf(run.text) : run.text.replace(/^_+|_+$/g, "")
    if (!word || seen.has(word.toLowerCase())) continue
    seen.add(word.toLowerCase())
    const last = word.at(-1)
    let source = run.paired ? [...word].map(escape).join(" ?") : `(?<![\\p{L}\\p{N}])${escape(word)}`
    if (run.paired && INITIALS.includes(last)) source = [...word.slice(0, -1)].map(escape).join(" ?")
    if (!run.paired && word.length < 3) source += "(?![A-Za-z0-9])"
    if (!source) continue
    const suffix = !run.paired && SUFFIXES.find((s) => word.toLowerCase().endsWith(s) && word.length - s.length >= 4)
    const looser = run.paired
      ? [...word].slice(0, -1).map((c, i) => escape(c + word[i + 1])).join("|")
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

// The same needle, which finds other words as well.
function orOneOf(needle, words) {
  const others = needlesOf(words.map((text) => ({ run: needle.run, text, paired: IS_PAIRED.test(text) })))
  const any = (name) => new RegExp([needle, ...others].map((one) => one[name]?.source).filter(Boolean).join("|"), "giu")
  return others.length ? { ...needle, strict: any("strict"), loose: needle.loose && any("loose") } : needle
}
