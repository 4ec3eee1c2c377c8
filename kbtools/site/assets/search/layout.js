// Words typed otherwise: with the keyboard in its other layout (xpstj is 텐서, ㅣㅐㄴㄴ is loss; 두벌식 on QWERTY), or in Hangul
// romanized (tenseo).

const LETTER_KEYS = "qwertyuiopasdfghjklzxcvbnmQWERTOP"
const JAMO_KEYS = "ㅂㅈㄷㄱㅅㅛㅕㅑㅐㅔㅁㄴㅇㄹㅎㅗㅓㅏㅣㅋㅌㅊㅍㅠㅜㅡㅃㅉㄸㄲㅆㅒㅖ"
const FINAL_CONSONANTS = " ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"
const JOINED_VOWELS = { ㅘ: "ㅗㅏ", ㅙ: "ㅗㅐ", ㅚ: "ㅗㅣ", ㅝ: "ㅜㅓ", ㅞ: "ㅜㅔ", ㅟ: "ㅜㅣ", ㅢ: "ㅡㅣ" }
const TWO_KEYS = { ...JOINED, ...JOINED_VOWELS }
const OF_TWO = Object.fromEntries(Object.entries(TWO_KEYS).map(([one, two]) => [two, one]))
const FINAL = `(?:${Object.values(JOINED).join("|")}|[ㄱ-ㅎ])(?![ㅏ-ㅣ])`
const TYPED_SYLLABLE = new RegExp(`([ㄱ-ㅎ])(${Object.values(JOINED_VOWELS).join("|")}|[ㅏ-ㅣ])(${FINAL})?`, "y")

// The letters that a text in Hangul is made of, in the order in which they are typed.
function jamoOf(text) {
  const one = (c) => {
    if (!isSyllable(c.charCodeAt(0))) return c
    const [initial, vowel, final] = partsOf(c)
    return INITIALS[initial] + VOWELS[vowel] + FINAL_CONSONANTS[final].trim()
  }
  return [...text].map(one).join("").replace(/./g, (c) => TWO_KEYS[c] ?? c)
}

// A word in Latin letters as syllables, or nothing if its keys do not give whole ones.
function asHangul(word) {
  const jamo = [...word].map((c) => JAMO_KEYS[LETTER_KEYS.indexOf(c)] ?? JAMO_KEYS[LETTER_KEYS.indexOf(c.toLowerCase())] ?? " ").join("")
  let out = ""
  TYPED_SYLLABLE.lastIndex = 0
  while (TYPED_SYLLABLE.lastIndex < jamo.length) {
    const [, initial, vowel, final = ""] = TYPED_SYLLABLE.exec(jamo) ?? [, " "]
    const numbers = [INITIALS.indexOf(initial), VOWELS.indexOf(OF_TWO[vowel] ?? vowel), final ? FINAL_CONSONANTS.indexOf(OF_TWO[final] ?? final) : 0]
    if (Math.min(...numbers) < 0) return ""
    out += syllableOf(...numbers)
  }
  return out
}

// A word in Hangul as Latin letters, in lower case.
const asLatin = (word) => [...jamoOf(word)].map((c) => LETTER_KEYS[JAMO_KEYS.indexOf(c)] ?? " ").join("").toLowerCase()

const ROMAN_INITIALS = ["g", "kk", "n", "d", "tt", "r", "m", "b", "pp", "s", "ss", "", "j", "jj", "ch", "k", "t", "p", "h"]
const ROMAN_VOWELS = ["a", "ae", "ya", "yae", "eo", "e", "yeo", "ye", "o", "wa", "wae", "oe", "yo", "u", "wo", "we", "wi", "yu", "eu", "ui", "i"]
const ROMAN_FINALS = { "": " ", k: "ㄱ", g: "ㄱ", n: "ㄴ", d: "ㄷ", t: "ㅅ", s: "ㅅ", l: "ㄹ", m: "ㅁ", p: "ㅂ", b: "ㅂ", ng: "ㅇ" }
const anyOf = (letters) => [...letters].sort((a, b) => b.length - a.length).join("|")
const ROMAN_SYLLABLE = new RegExp(`(${anyOf([...ROMAN_INITIALS, "l"])})(${anyOf(ROMAN_VOWELS)})`, "y")
const MOST_ROMAN = 16

// What a word in Latin letters may be in Hangul by the Revised Romanization: a consonant between two vowels may end one
// syllable or begin the next (jeoni is 저니 or 전이).
function romanized(word) {
  const [done, begun] = [[], [["", 0]]]
  for (const [text, at] of begun) {
    if (at === word.length) done.push(text)
    ROMAN_SYLLABLE.lastIndex = at
    const [all, initial, vowel] = ROMAN_SYLLABLE.exec(word) ?? []
    if (!all) continue
    for (const [letters, final] of Object.entries(ROMAN_FINALS)) {
      const end = at + all.length + letters.length
      if (begun.length === MOST_ROMAN * word.length || !word.startsWith(letters, at + all.length)) continue
      const numbers = [ROMAN_INITIALS.indexOf(initial === "l" ? "r" : initial), ROMAN_VOWELS.indexOf(vowel), FINAL_CONSONANTS.indexOf(final)]
      begun.push([text + syllableOf(...numbers), end])
    }
  }
  return done.slice(0, MOST_ROMAN)
}

const [FEW, FAR_MORE] = [3, 10]

// A word as it was meant, or nothing: no page has the word as it was typed, or a few and far more have the other. A page
// may well speak of what readers mistype.
async function retyped(index, word) {
  const [latin, jamo] = [/^[a-zA-Z]{4,}$/.test(word), /[ㄱ-ㅣ]/.test(word)]
  if (!latin && !jamo) return ""
  const typed = await index.spread(latin ? word.toLowerCase() : word)
  if (typed > FEW || (typed && IS_INITIALS.test(word))) return ""
  const clearly = async (other, least) => (await index.spread(latin ? stemOf(other) : other, least)) > typed * FAR_MORE
  const other = latin ? asHangul(word) : asLatin(word)
  if ((latin ? other.length > 1 : /^[a-z]{3,}$/.test(other)) && (await clearly(other))) return other
  for (const one of latin ? romanized(word.toLowerCase()) : []) if (one.length > 1 && (await clearly(one, 1))) return one
  return ""
}

// The query with such words as they were meant, and these, as [[typed, meant], ...].
async function asMeant(index, query) {
  const found = await Promise.all([...query.matchAll(RUN)].map(async ([word]) => [word, await retyped(index, word)]))
  const meant = found.filter(([, other]) => other)
  return { query: meant.reduce((text, [word, other]) => text.replace(word, () => other), query), meant }
}
