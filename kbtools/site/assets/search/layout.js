// Words typed with the keyboard in its other layout: xpstj is 텐서, ㅣㅐㄴㄴ is loss. The layout is 두벌식 on QWERTY.

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

// The query with those words that no page has as they are typed, but as the other layout has them; and these, as
// [[typed, meant], ...].
async function inOtherLayout(index, query) {
  const meant = []
  for (const [word] of query.matchAll(RUN)) {
    if (/^[a-zA-Z]{4,}$/.test(word)) {
      const other = asHangul(word)
      if (other.length > 1 && !(await index.knows(word.toLowerCase())) && (await index.knows(stemOf(other)))) meant.push([word, other])
    } else if (/[ㄱ-ㅣ]/.test(word)) {
      const other = asLatin(word)
      if (/^[a-z]{3,}$/.test(other) && !(await index.knows(word)) && (await index.knows(other))) meant.push([word, other])
    }
  }
  return { query: meant.reduce((text, [word, other]) => text.replace(word, () => other), query), meant }
}
