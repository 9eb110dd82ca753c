/// What a policy needs to know, what that costs, and what it remembers: for `martlet policies`.

extension CachePolicyEntry {
    /// What must be recorded beside keys and values, and what that costs; `n` is the tokens held, `d` the
    /// channels of a head.
    public var signals: String {
        switch name {
        case "snapkv", "pyramidkv", "sentencekv":
            "the last window's queries: window·n·d products a head, once"
        case "sagekv": "the last query: n·d products a head, once"
        case "tova": "the newest query's weights: n·d products a head and token"
        case "h2o":
            "all weights of the prompt (its products again), then n·d products a head and token"
        case "lookm": "all weights of the prompt: its products again"
        case "expected": "mean and covariance of queries: d² products a token and query head"
        case "kvzip": "the prompt a second time"
        case "morphkv": "the last window's weights: n·d products a head and token"
        case "rkv": "the last window's queries: window·n·d products a head, every buffer tokens"
        case "scope": "what the wrapped policy needs, then n·d products a head and token"
        case "adakv": "what the wrapped policy needs"
        case "loopserve":
            "an interval's queries: interval·n·d products a head, every interval tokens"
        case "recycled": "all weights of one token in refresh"
        case "quest", "lserve", "actqkv": "bounds of pages: d·n/8 products a head and token"
        case "hip":
            "single keys: about 2k·log(n/k)·d products a head, every refresh tokens, for k pages"
        case "dms", "dmc": "a mark of each token and head from the model"
        case "kv": "zipcache: the weights of a tenth of the rows; others none"
        default: "none"
        }
    }

    /// What is remembered of a page of 16 tokens, or of a token, beside keys, values and positions.
    public var state: String {
        switch name {
        case "h2o", "tova", "scope": "4 bytes a token"
        case "duo": "4 bytes a token"
        case "morphkv": "4·window bytes a token"
        case "chelsea": "4 bytes a token, once any merged"
        case "dms": "4 bytes a token, 4·(window + 2) bytes a head"
        case "dmc": "4 bytes a token, 8·window·d bytes a head"
        case "quest", "lserve", "actqkv": "bounds: 4·d bytes a page"
        case "recycled", "loopserve": "8 bytes a chosen token"
        case "sentencekv": "4·d bytes a sentence"
        case "hip": "4 bytes a chosen page"
        default: "none"
        }
    }
}
