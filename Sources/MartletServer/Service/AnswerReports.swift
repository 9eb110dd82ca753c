/// What the chunks of an answer tell of it while it is written: of its cache, or of the search for it.

import Martlet
import MartletJSON

/// The reports of one answer, each told once.
struct AnswerReports: Sendable {
    private enum Source {
        case cache(CacheReports)
        case search(SearchWatch, told: SearchProgress.State)
    }

    private var source: Source

    /// Nil where the request asked for none.
    init?(_ fields: MartletFields, of model: Model) {
        if let watch = fields.watch {
            source = .cache(CacheReports(watch, of: model, under: fields.form))
        } else if let watch = fields.search {
            source = .search(watch, told: SearchProgress.State())
        } else {
            return nil
        }
    }

    /// The newest report; nil when it was told already. A search is worth a chunk by itself, since its answer comes last and
    /// whole; a cache is told of beside the pieces of the answer.
    mutating func next(isAlone: Bool) -> JSONValue? {
        switch source {
        case .cache(var reports):
            guard !isAlone else { return nil }
            defer { source = .cache(reports) }
            return reports.next()
        case .search(let watch, let told):
            let state = watch.latest
            guard state != told else { return nil }
            source = .search(watch, told: state)
            return state.report
        }
    }
}
