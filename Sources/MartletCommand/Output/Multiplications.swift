/// How fast a machine multiplies, for people and for scripts.

import Martlet
import MartletFormats

extension [MultiplicationRate] {
    /// By kind, a second.
    var json: JSONValue {
        .object(JSONObject(map { JSONObject.Member(key: $0.kind, value: .finite($0.perSecond)) }))
    }

    /// In thousands of millions a second.
    var text: String {
        map { "\($0.kind) \(Columns.decimal($0.perSecond / 1e9, places: 0))" }.joined(
            separator: ", ")
            + " G/s"
    }
}
