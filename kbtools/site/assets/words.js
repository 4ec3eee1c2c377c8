// Messages in the reader's language. MESSAGES, LANGUAGE and PLURAL are written before this when the site is built.
const count = (n) => n.toLocaleString(LANGUAGE)
const filled = (text, values) => text.replace(/\{(\w+)\}/g, (all, name) => (name in values ? values[name] : all))
const _ = (text, values = {}) => filled(MESSAGES[text] ?? text, values)
const many = (one, more, n, values = {}) =>
  filled((MESSAGES[one] ?? [one, more])[PLURAL(n)] ?? more, { count: count(n), ...values })
