// The index: which files a query needs, what is in them, and how pages are ranked. Written by search_index.py.
//
// Files come as scripts that call kbSearch(name, version, data): those load from a disk too, where fetch may not.

const MOST_SHARDS = 3 // of one range: a single letter would ask for half of the index
const NAME_MARK = "="
const SURE_SOUND = 4 // syllables or letters; a shorter word sounds like others by chance
const LESS_SURE = 0.5 // what a level counts of a short word that is only spoken so
const LEAST_NAME = 8 // letters of a name that may be misspelt
const LEAST_MISSPELT = 4 // letters; shorter words are like too many others

class Index {
  constructor(folder) {
    this.folder = folder
    this.waiting = new Map()
    this.held = new Map()
    this.manifest = null
    window.kbSearch = (name, version, data) => this.waiting.get(name)?.arrived(version, data)
  }

  // What a file holds, as bytes. A file of another build than the list of files is asked for again, with the list.
  load(name) {
    if (!this.held.has(name)) {
      const loading = this.fetch(name)
      this.held.set(name, loading)
      loading.catch(() => this.held.delete(name))
    }
    return this.held.get(name)
  }

  async fetch(name) {
    const wanted = name === "index" ? "" : this.manifest.version
    const { version, data } = await this.script(name, this.fresh ?? wanted)
    if (version !== wanted) throw new Stale()
    const packed = Uint8Array.from(atob(data), (c) => c.charCodeAt(0))
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"))
    return new Uint8Array(await new Response(stream).arrayBuffer())
  }

  script(name, query) {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script")
      const done = () => { this.waiting.delete(name); script.remove() }
      this.waiting.set(name, { arrived: (version, data) => { done(); resolve({ version, data }) } })
      script.onerror = () => { done(); reject(new Error(`${name} cannot be loaded`)) }
      script.src = `${this.folder}${name}.js${query ? `?${query}` : ""}`
      document.head.append(script)
    })
  }

  async open() {
    this.manifest ??= JSON.parse(TEXT.decode(await this.load("index")))
  }

  // The site was built anew while this page was open, or a cache held an old list.
  async again(work) {
    try {
      await this.open()
      return await work()
    } catch (error) {
      if (!(error instanceof Stale)) throw error
      this.held.clear()
      this.manifest = null
      this.fresh = String(Date.now())
      await this.open()
      return work()
    }
  }

  async shard(number) {
    const bytes = await this.load(`t${number}`)
    return (bytes.shard ??= new Shard(bytes))
  }

  shardsOf({ from, to }) {
    const first = Math.max(0, after(this.manifest.terms, from) - 1)
    const last = Math.max(0, after(this.manifest.terms, to) - 1)
    const out = []
    for (let i = first; i <= last && out.length < MOST_SHARDS; i++) out.push(i)
    return out
  }

  // Pages and levels for each term in a range: calls `each(term, postings)`.
  async scan(range, each) {
    for (const shard of await Promise.all(this.shardsOf(range).map((n) => this.shard(n)))) {
      for (let i = before(shard.terms, range.from); i < shard.terms.length && shard.terms[i] <= range.to; i++)
        each(shard.terms[i], shard.postings(i))
    }
  }

  async page(number) {
    const size = this.manifest.pagesAFile
    const bytes = await this.load(`d${Math.floor(number / size)}`)
    bytes.pages ??= JSON.parse(TEXT.decode(bytes))
    const [url, title, sections, names] = bytes.pages[number % size]
    return { url, title, names, sections: sections.map(([anchor, heading, text]) => ({ anchor, heading, text })) }
  }

  // Pages, best first, as {page, score, called}, the part of the score of a page that is called so; by the number of a word of the query, how rare it is; by the number of a word
  // that no page has, the word that it was taken for; and, by the number of a word, others that sound like it.
  async rank({ units, names }) {
    const [weights, meant, also] = [new Map(), new Map(), new Map()]
    if (!this.manifest.terms.length) return { ranked: [], weights, meant, also }
    const pages = this.manifest.pages
    const scores = new Map()
    let whole = 0
    const heard = new Map(units.filter(({ sound }) => sound).map(({ sound }) => [sound, alike(this, sound)]))
    const found = await Promise.all(units.map((unit) => this.unit(unit)))
    for (const [i, unit] of units.entries())
      if (!found[i].size && unit.word) found[i] = await this.misspelt(unit, meant)
    await this.addSounds(units, found, heard, { meant, also })
    for (const [i, unit] of units.entries()) {
      const levels = found[i]
      if (!levels.size) continue // a word that no page has says nothing about pages
      const rarity = unit.weight * Math.log(1 + (pages - levels.size + 0.5) / (levels.size + 0.5))
      whole += rarity
      weights.set(unit.run, (weights.get(unit.run) ?? 0) + rarity)
      for (const [page, level] of levels) {
        const held = scores.get(page) ?? { sum: 0, share: 0, name: 0 }
        held.sum += rarity * level
        held.share += rarity
        scores.set(page, held)
      }
    }
    whole = whole || 1
    await Promise.all(names.map((name) => this.name(name, scores)))
    const ranked = [...scores].map(([page, { sum, share, name, called }]) =>
      ({ page, score: (sum * share) / whole + name * whole, called: called ? name * whole : 0 }))
    return { ranked: ranked.sort((a, b) => b.score - a.score || a.page - b.page), weights, meant, also }
  }

  // How many pages have a word in Latin letters, or one that begins so; a name with these initial consonants; or each of
  // those pairs of a word in Hangul that there are, if they are at least a share of all: it may be two words there.
  async spread(word, least = 0.5) {
    const hangul = () => pairsOf(word).map((pair) => exact(pair))
    const ways = IS_INITIALS.test(word) ? initialUnits(word, 1).flatMap((unit) => unit.ways) : IS_PAIRED.test(word) ? hangul() : [prefix(word, 1)]
    const sizes = (await Promise.all(ways.map((way) => this.unit({ ways: [way] })))).map((pages) => pages.size).filter(Boolean)
    return sizes.length && sizes.length >= ways.length * least ? Math.min(...sizes) : 0
  }

  // A word that no page has: the words nearest to it, among those that begin alike, or with two of its first three letters.
  async misspelt({ word, run }, meant) {
    const most = word.length < LEAST_MISSPELT ? 0 : word.length < 8 ? 1 : 2
    if (!most) return new Map()
    const [one, two, three] = word
    let nearest = await this.nearest(word, most, [one + two])
    if (!nearest.length) nearest = await this.nearest(word, most, [two + one, one + three, two + three])
    if (nearest.length) meant.set(run, nearest[0].term.replace(INITIALS_MARK, ""))
    const levels = new Map()
    for (const { postings } of nearest) for (const [page, level] of postings) raise(levels, page, level)
    return levels
  }

  // Words with one of the beginnings that are as near to a word as any, as {term, postings}; or one it begins with.
  async nearest(word, most, beginnings) {
    const near = Array.from({ length: most + 1 }, () => [])
    let cut = []
    for (const from of beginnings)
      await this.scan({ from, to: from + LAST }, (term, postings) => {
        near[distance(word, term, most)]?.push({ term, postings })
        if (term.length >= LEAST_MISSPELT && word.startsWith(term)) cut = [{ term, postings }] // conv for convolution
      })
    return (near.find((some) => some.length) ?? cut).sort((a, b) => b.postings.length - a.postings.length)
  }

  // The best level of each page that has the unit.
  async unit({ ways }) {
    const levels = new Map()
    await Promise.all(ways.map((way) => this.scan(way, (term, postings) => {
      if (term.startsWith(NAME_MARK)) return
      const fit = way.from === way.to || term === way.from ? way.fit : way.fit * (way.from.length / term.length) ** 0.5
      for (const [page, level] of postings) raise(levels, page, fit * level)
    })))
    return levels
  }

  // The best level of each page that has one of the words, given with how well they fit; all pairs of one in Hangul.
  async spelt(words) {
    const levels = new Map()
    for (const [word, fit] of words) {
      const terms = isHangul(word) ? pairsOf(word) : [word]
      const found = await Promise.all(terms.map((term) => this.unit({ ways: [exact(term)] })))
      for (const page of found[0].keys()) {
        const level = Math.min(...found.map((held) => held.get(page) ?? 0))
        if (level) raise(levels, page, fit * level)
      }
    }
    return levels
  }

  // Adds pages that have a word of the same sound to those that have the word itself; notes the words by the number of
  // the query's, and as `meant` where no page has that one.
  async addSounds(units, found, heard, { meant, also }) {
    await Promise.all([...heard].map(async ([sound, words]) => {
      const own = [...units.keys()].filter((i) => units[i].sound === sound)
      const { run } = units[own[0]]
      if (meant.has(run)) return
      const sizes = own.map((i) => found[i].size)
      const direct = Math.min(...sizes)
      const known = sizes.filter((size) => size).length * 2 > sizes.length
      if (sound.length < SURE_SOUND && direct > Math.max(2, this.manifest.pages / 25)) return
      let parts = [{ at: 0, length: own.length, words: [...(await words), ...(direct ? [] : await misheard(this, sound))] }]
      if (!direct && !known && !parts[0].words.length) {
        parts = await partsAlike(this, sound)
        if (!parts.length && !Math.max(...sizes)) parts = [{ at: 0, length: own.length, words: await cutShort(this, sound) }]
      }
      const less = direct && sound.length < SURE_SOUND ? LESS_SURE : 1
      for (const part of parts) {
        const spelt = await this.spelt(part.words)
        if (!spelt.size) continue
        also.set(run, [...(also.get(run) ?? []), ...part.words.map(([word]) => word)])
        for (const [page, level] of spelt)
          for (const i of own.slice(part.at, part.at + part.length)) raise(found[i], page, less * level)
      }
      if (!direct && also.has(run)) meant.set(run, parts.map((part) => part.words[0]?.[0] ?? "").join(" ").trim())
    }))
  }

  // Pages that are called so, or whose name begins so; if none is, those whose name is misspelt so.
  async name({ name, share }, scores) {
    const key = NAME_MARK + name
    let any = false
    const count = (worth, postings, called) => {
      any = true
      for (const [page, level] of postings) {
        const held = scores.get(page) ?? { sum: 0, share: 0, name: 0 }
        held.name = Math.max(held.name, worth * level)
        held.called ||= called
        scores.set(page, held)
      }
    }
    await this.scan({ from: key, to: share === 1 ? key + LAST : `${key}s` }, (term, postings) => {
      const same = term === key || term === `${key}s`
      if (same || share === 1) count(share ** 2 * (same ? 2 : 0.6 * (key.length / term.length)), postings, same && share === 1)
    })
    const typed = jamoOf(name)
    if (any || share < 1 || typed.length < LEAST_NAME) return
    await this.scan({ from: key.slice(0, 3), to: key.slice(0, 3) + LAST }, (term, postings) => {
      if (distance(typed, jamoOf(term.slice(1)), 1) <= 1) count(1, postings, false)
    })
  }
}

function raise(levels, page, level) {
  if (level > (levels.get(page) ?? 0)) levels.set(page, level)
}

class Stale extends Error {}

const TEXT = new TextDecoder()

// The first place in a sorted list that is not before / is behind a term.
function before(list, term) {
  let [low, high] = [0, list.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (list[middle] < term) low = middle + 1
    else high = middle
  }
  return low
}

function after(list, term) {
  let [low, high] = [0, list.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (list[middle] <= term) low = middle + 1
    else high = middle
  }
  return low
}

class Shard {
  constructor(bytes) {
    this.bytes = bytes
    let at = 0
    const number = () => {
      let [value, shift, byte] = [0, 0, 0]
      do {
        byte = bytes[at++]
        value |= (byte & 127) << shift
        shift += 7
      } while (byte & 128)
      return value
    }
    const size = number()
    this.terms = TEXT.decode(bytes.subarray(at, at + size)).split("\n")
    at += size
    const sizes = this.terms.map(number)
    this.starts = [at]
    for (const length of sizes) this.starts.push(this.starts.at(-1) + length)
  }

  postings(i) {
    const out = []
    let [page, value, shift] = [0, 0, 0]
    for (let at = this.starts[i]; at < this.starts[i + 1]; at++) {
      const byte = this.bytes[at]
      value |= (byte & 127) << shift
      shift += 7
      if (byte & 128) continue
      page += value >> 4
      out.push([page, value & 15])
      value = shift = 0
    }
    return out
  }
}
