// What the search knows of Hangul and of Korean words. The tables are in hangul.json.

const [FIRST_SYLLABLE, LAST_SYLLABLE] = [0xac00, 0xd7a3]
const [VOWELS_EACH, FINALS] = [21, 28]
const isSyllable = (code) => code >= FIRST_SYLLABLE && code <= LAST_SYLLABLE
const isHangul = (word) => isSyllable(word.charCodeAt(0))

const INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
const IS_INITIALS = /^[ㄱ-ㅎ]+$/
const INITIALS_MARK = "^"
const JOINED = { ㄳ: "ㄱㅅ", ㄵ: "ㄴㅈ", ㄶ: "ㄴㅎ", ㄺ: "ㄹㄱ", ㄻ: "ㄹㅁ", ㄼ: "ㄹㅂ", ㄽ: "ㄹㅅ", ㄾ: "ㄹㅌ", ㄿ: "ㄹㅍ", ㅀ: "ㄹㅎ", ㅄ: "ㅂㅅ" }

// What a word in Hangul is in the list of terms: each two syllables that stand together.
const pairsOf = (word) => [...word].slice(1).map((syllable, i) => word[i] + syllable)

// The names of Latin letters: 디디피 is ddp.
const LETTER_NAMES = { 더블유: "w", 에이치: "h", 에이: "a", 비: "b", 씨: "c", 시: "c", 디: "d", 이: "e", 에프: "f", 지: "g", 아이: "i", 제이: "j",
  케이: "k", 엘: "l", 엠: "m", 엔: "n", 오: "o", 피: "p", 큐: "q", 아르: "r", 알: "r", 에스: "s", 티: "t", 유: "u", 브이: "v", 엑스: "x",
  와이: "y", 제트: "z" }
const LETTER_NAME = new RegExp(Object.keys(LETTER_NAMES).join("|"), "g")

// Particles, the copula, and the forms of 하다 and 되다 that follow a noun. Longest first.
const ENDINGS = [...HANGUL.endings].sort((a, b) => b.length - a.length)
const OBJECTS = new Set("을를은는")

// What is left of a Korean word without its endings; at least two syllables.
function stemOf(word, least = 2) {
  for (let round = 0; round < 2; round++) {
    const ending = ENDINGS.find((e) => word.endsWith(e) && word.length - e.length >= least && follows(e, word))
    if (!ending) break
    word = word.slice(0, -ending.length)
  }
  return word
}

// Whether an ending may stand behind the syllable that is before it: some only behind a final consonant.
function follows(ending, word) {
  const before = word.at(-ending.length - 1)
  return !before || !HANGUL.after[isHangul(before) && partsOf(before)[2] ? "vowel" : "consonant"].includes(ending)
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
  return [{ weight, ways, word: INITIALS_MARK + initials }]
}

// The numbers of a syllable's initial consonant, vowel and final consonant, and the syllable of such.
function partsOf(syllable) {
  const code = syllable.charCodeAt(0) - FIRST_SYLLABLE
  return [Math.floor(code / FINALS / VOWELS_EACH), Math.floor(code / FINALS) % VOWELS_EACH, code % FINALS]
}

const syllableOf = (initial, vowel, final = 0) =>
  String.fromCharCode(FIRST_SYLLABLE + (initial * VOWELS_EACH + vowel) * FINALS + final)

const VERB_ENDING = /(?:습니다|습니까|다가|더니|는데|는지|니까|려고|려면|면서|도록|나|까|죠|지|서|야|(?<=..)게)?요?$/
const OF_VERBS_ALONE = /(?:습니다|습니까|다가|더니|는데|니까|려고|려면|면서|도록|..게)요?$|요$/
// 하다, 되다 and 시키다, in what an ending begins with: what is before them is a noun.
const OF_NOUN = /^(?:[하한할해했합함되된될돼됐됩됨]|시[키킨킬켜])/
const AUXILIARY = /^(?:있|싶|않|못)/
const VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
// What a root's last vowel may have been before ㅓ or ㅏ was drawn into it: 느려 is of 느리, 커 of 크.
const DRAWN = { ㅕ: "ㅣ", ㅝ: "ㅜ", ㅘ: "ㅗ", ㅐ: "ㅏㅐ", ㅙ: "ㅚ", ㅓ: "ㅓㅡ", ㅏ: "ㅏㅡ" }
const [FINAL_N, FINAL_L, FINAL_P, FINAL_SS] = [4, 8, 17, 20]
const [INITIAL_L, INITIAL_NONE] = [5, 11]

// What is left of a verb's form without what is behind its stem: 나왔어요 is 나왔, 느려요 느려. At least two syllables.
function verbStemOf(word) {
  const rest = word.replace(VERB_ENDING, "")
  const shorter = isPast(rest) ? rest.slice(0, -1) : rest
  return shorter.length > 1 ? shorter : word
}

const isPast = (word) => word.length > 1 && /[어아여]$/.test(word) && isHangul(word.at(-2)) && partsOf(word.at(-2))[2] === FINAL_SS

// Whether a word ends in 도 behind a vowel that was drawn together, as verbs do: 느려도, 달라도, not 텐서도.
function isConceding(word) {
  if (!/^[가-힣]+도$/.test(word) || word.length < 3) return false
  const [[initial, vowel, final], [, , finalBefore]] = [partsOf(word.at(-2)), partsOf(word.at(-3))]
  const drawn = VOWELS[vowel]
  return !final && (/[ㅕㅝㅘㅙ]/.test(drawn) || (/[ㅓㅏ]/.test(drawn) && (initial === INITIAL_NONE || (initial === INITIAL_L && finalBefore === FINAL_L))))
}

// The roots that a verb or adjective in a query may be a form of: 느려요 is of 느리, 바뀌었어 of 바뀌, 어려워서 of 어렵, 달라도
// of 다르. Nouns hardly end in a vowel that was drawn together, and where an ending stands they give roots that are no words.
// With an auxiliary verb behind it, what stands before 고 or 지 is a root as well: 놀고 있어, 줄지 않아.
function rootsOf(word, next) {
  const noun = stemOf(word)
  if (noun.length > 1 && OF_NOUN.test(word.slice(noun.length))) return []
  if (/.[고지]$/.test(word) && AUXILIARY.test(next)) return [word.slice(0, -1)]
  if (/..기$/.test(word)) return [word.slice(0, -1)]
  let rest = isConceding(word) ? word.slice(0, -1) : word.replace(VERB_ENDING, "")
  const ended = isPast(rest) || rest !== word
  if (ended && /.[어아여]$/.test(rest)) rest = rest.slice(0, -1)
  if (!rest || !isHangul(rest.at(-1))) return []
  const [initial, vowel, final] = partsOf(rest.at(-1))
  const passive = /..[지져졌]$/.test(rest) ? rootsOf(`${rest.slice(0, -1)}요`, "") : [] // 느려지다, of 느리다
  const whole = [...(OF_VERBS_ALONE.test(word) ? [rest] : []), ...passive]
  if (final && final !== FINAL_SS) return whole
  const drawn = VOWELS[vowel]
  if (!(drawn in DRAWN) || (!ended && final !== FINAL_SS && !/[ㅕㅝㅘㅙ]/.test(drawn))) return whole
  const before = rest.slice(0, -1)
  const roots = [...passive, ...[...DRAWN[drawn]].map((whole) => before + syllableOf(initial, VOWELS.indexOf(whole)))]
  if (!before || !isHangul(before)) return roots
  const [i, v, f] = partsOf(before.at(-1))
  const ahead = before.slice(0, -1)
  if (initial === INITIAL_NONE && /[ㅓㅏㅕ]/.test(drawn)) roots.push(before)
  if (initial === INITIAL_NONE && /[ㅝㅘ]/.test(drawn) && !f) roots.push(ahead + syllableOf(i, v, FINAL_P))
  if (initial === INITIAL_L && f === FINAL_L) roots.push(ahead + syllableOf(i, v) + syllableOf(INITIAL_L, VOWELS.indexOf("ㅡ")))
  return roots
}

// The forms of a verb in whose adnominal one a pair ends, if it is one: 얼린 and 얼릴 are of 얼리.
function adnominal(pair) {
  const last = pair[1]
  if (!isHangul(last) || ![FINAL_N, FINAL_L].includes(partsOf(last)[2])) return []
  const [from, to] = formsOfRoot(pair[0] + String.fromCharCode(last.charCodeAt(0) - partsOf(last)[2]))
  return [{ from, to, fit: 0.6 }]
}

// A root as the beginning of a range of syllables and its end: where it has no final consonant, a form may add one.
function formsOfRoot(root) {
  const last = root.charCodeAt(root.length - 1)
  return [root, partsOf(root.at(-1))[2] ? root : root.slice(0, -1) + String.fromCharCode(last + FINALS - 1)]
}
