// Foreign words by how they sound: 소프트맥스 and softmax. Python's half is sound.py.
//
// The list of terms holds words behind their consonants (`~SPTMKS softmax`). Those that have the same ones are compared
// by the vowels between them: a word is a `key` of consonants and the `slots` before, between and behind them.

const SOUND_MARK = "~"
const LATIN_RULES = HANGUL.latin.map(([pattern, keys, letters]) =>
  ({ pattern: new RegExp(pattern, "y"), keys: keys.split("|"), letters: letters.split("|") }))
const [MOST_HEARD, MOST_KEYS, MOST_REST, LEAST_CUT, LEAST_OPEN, LEAST_COMPOUND] = [6, 4, 1, 3, 4, 5]

function soundsOfLatin(word) {
  const text = word.replace(/_/g, "")
  let heard = [{ key: "", slots: [""], letters: "" }]
  for (let at = 0; at < text.length; ) {
    const rule = LATIN_RULES.find(({ pattern }) => { pattern.lastIndex = at; return pattern.test(text) })
    if (rule) {
      at = rule.pattern.lastIndex
      heard = heard.flatMap((before) => rule.keys.map((key, i) => ({ key: before.key + key,
        slots: [...before.slots, ...[...key].map(() => "")], letters: before.letters + rule.letters[i] })))
      heard = heard.sort((a, b) => (a.key < b.key ? -1 : 1)).slice(0, MOST_KEYS)
    } else {
      for (const one of heard) one.slots[one.slots.length - 1] += text[at]
      at++
    }
  }
  if (text.endsWith("e")) for (const { slots } of heard) if (slots.at(-1) === "e") slots[slots.length - 1] = ""
  return heard
}

// `initials` are the numbers of the consonants that begin a syllable, and -1 for those that end one.
function soundOfHangul(word) {
  let key = ""
  const [slots, initials] = [[""], []]
  for (const character of word) {
    const code = character.charCodeAt(0) - FIRST_SYLLABLE
    const [syllable, final] = [Math.floor(code / FINALS), code % FINALS]
    const add = (one, number) => { if (one !== "-") { key += one; slots.push(""); initials.push(number) } }
    const number = Math.floor(syllable / VOWELS.length)
    const initial = HANGUL.initials[number]
    if (!(initial === "L" && key.endsWith("L") && slots.at(-1) === "")) add(initial, number)
    slots[slots.length - 1] += VOWELS[syllable % VOWELS.length]
    add(HANGUL.finals[final], -1)
  }
  return { key, slots, initials, syllables: word.length }
}

// How badly a vowel in Hangul fits the letters in its place, behind that letter: 0 to 1. Outer slots are the first two and
// the one before the last consonant.
function vowelApart(hangul, letters, outer, before) {
  const vowels = hangul.replace(/^ㅡ+/, "") // ㅡ stands between consonants that Latin letters put side by side
  if (hangul !== vowels && !before) return 1 // 음악 is not mac
  if (!vowels) return letters === "" ? 0 : hangul || letters === "e" ? 0.5 : 1
  if (!letters && vowels === "ㅣ" && /[cjsz]/.test(before)) return 0 // 토치 and torch
  if (!letters) return outer && /^[ㅔㅣ]$/.test(vowels) ? 0.5 : 1 // 엔비디아, 브이맵, 로크엠: a letter's name
  const [first, second = ""] = vowels
  if (vowels.includes("ㅡ")) return 1
  if (letters.endsWith("r") && !/[ㅓㅕㅝ]/.test(vowels) && !/^ㅏ.*a|^ㅗ.*o/.test(first + letters)) return 1
  if (/[ㅘㅝㅞㅟ]/.test(second) && !/[wou]/.test(letters.slice(1))) return 1
  const wanted = first === "ㅏ" && second === "ㅣ" ? "iyae" : HANGUL.vowels[VOWELS.indexOf(first)]
  const at = Math.max(wanted.indexOf(letters[0]), /[wyui]/.test(letters[0]) && letters[1] ? wanted.indexOf(letters[1]) : -1)
  if (at < 0) return 1
  return (at ? 0.1 : 0) + (second && second !== "ㅣ" && letters.length < 2 ? 0.5 : 0)
}

// How badly a consonant in Hangul fits the one of a Latin word.
function consonantApart(initial, letter, inside) {
  if (initial < 0) return letter === "r" ? 0.5 : 0
  const [best, second = ""] = HANGUL.letters[initial].split("/")
  if (best.includes(letter) || (!inside && second.includes(letter) && letter === "l")) return 0
  return second.includes(letter) ? 0.5 : 1
}

// How well a word in Hangul and one in Latin letters fit each other, which have their first consonants in common.
function likeness(hangul, latin) {
  const length = Math.min(hangul.key.length, latin.key.length)
  const rest = Math.max(hangul.key.length, latin.key.length) - length
  const slots = length + (rest ? 0 : 1)
  let cost = 0
  for (let i = 0; i < slots; i++) cost += vowelApart(hangul.slots[i], latin.slots[i], i < 2 || i === length - 1, latin.letters[i - 1] ?? "")
  for (let i = 0; i < length; i++) cost += consonantApart(hangul.initials[i], latin.letters[i], i > 0)
  cost /= slots
  return cost <= (length > 3 ? 0.25 : length > 2 && hangul.syllables > 2 ? 0.2 : length > 2 ? 0.14 : 0.1) ? 1 - cost - rest * 0.1 : 0
}

// Words in Hangul that are written like one but for a vowel, or a consonant of the same class: 콘벌루션 and 컨볼루션.
async function misheard(index, word) {
  if (!isHangul(word)) return []
  const [sound, jamo] = [soundOfHangul(word), jamoOf(word)]
  const most = word.length < SURE_SOUND ? 1 : 2
  const found = []
  await index.scan(keyed(sound.key, true), (term) => {
    const spelling = term.split(" ")[1]
    const apart = isHangul(spelling) ? distance(jamo, jamoOf(spelling), most) : Infinity
    if (apart <= most) found.push([spelling, 1 - apart / jamo.length])
  })
  return best([found])
}

// The words of the wiki that sound like one, best first, as [[spelling, likeness], ...].
async function alike(index, word) {
  const letters = isHangul(word) && lettersNamed(word)
  if (letters) return [[letters, 1]]
  return best(await Promise.all(soundsOf(word).map((sound) => heard(index, sound, sound.key))))
}

// A compound's two parts, of which one or both sound like words of the wiki: [{at, length, words}, ...], with the numbers
// of the first pair of syllables and of the pairs.
async function partsAlike(index, word) {
  if (!isHangul(word) || word.length < LEAST_COMPOUND) return []
  let most = { fit: 0, parts: [] }
  for (let at = 2; at <= word.length - 2; at++) {
    const parts = await Promise.all([[0, at], [at, word.length]].map(async ([from, to]) =>
      ({ at: from, length: to - from - 1, words: to - from > 2 ? await alike(index, word.slice(from, to)) : [] })))
    const found = parts.filter(({ words }) => words.length)
    const fit = sum(found.map((part) => (part.length + 1) * part.words[0][1]))
    if (fit > most.fit) most = { fit, parts: found }
  }
  return most.parts
}

// The words that one in Hangul begins with: names in code are cut short (conv, optim).
async function cutShort(index, word) {
  if (!isHangul(word)) return []
  const sound = soundOfHangul(word)
  for (let length = sound.key.length - 1; length >= LEAST_CUT; length--) {
    const found = await heard(index, sound, sound.key.slice(0, length), true)
    if (found.length) return best([found])
  }
  return []
}

// The terms with a key, or also those whose key begins with it.
const keyed = (key, whole) => ({ from: `${SOUND_MARK}${key} `, to: SOUND_MARK + key + (whole ? " " : "") + LAST })

// The words with the consonants of a key, in the other script than the sound's.
async function heard(index, sound, key, whole = key.length < LEAST_OPEN) {
  const found = []
  if (key.length < 2) return found
  await index.scan(keyed(key, whole), (term) => {
    const [other, spelling] = term.slice(SOUND_MARK.length).split(" ")
    if (isHangul(spelling) === Boolean(sound.initials) || other.length > key.length + MOST_REST) return
    const sounds = soundsOf(spelling).filter((one) => one.key === other)
    const fit = Math.max(...sounds.map((one) => (sound.initials ? likeness(sound, one) : likeness(one, sound))))
    if (fit > 0) found.push([spelling, fit])
  })
  return found
}

function best(found) {
  const fits = new Map()
  for (const [spelling, fit] of found.flat()) raise(fits, spelling, fit)
  const most = Math.max(0, ...fits.values())
  return [...fits].filter(([, fit]) => fit >= most - 0.1).sort((a, b) => b[1] - a[1]).slice(0, MOST_HEARD)
}

const soundsOf = (word) => (isHangul(word) ? [soundOfHangul(word)] : soundsOfLatin(/^[a-z_]+/.exec(word)[0]))
