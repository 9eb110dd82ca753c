/// Which heads need the whole context: gates that DuoAttention trained (2410.10819).

import Foundation
import MartletCache

/// One number for each (layer, KV head); the lower ones belong to heads that only look at the start and
/// the newest tokens.
struct HeadGates: Sendable, Hashable {
    /// `[layer][KV head]`.
    let values: [[Double]]
    /// Heads below this are streaming.
    let threshold: Double

    /// Whether a head only looks at the ends.
    func isStreaming(layer: Int, head: Int) -> Bool { values[layer][head] < threshold }

    /// Reads a table as DuoAttention publishes it: a line of numbers for each layer, separated by tabs or
    /// blanks, one for each KV head. `streaming` is the fraction of heads with the lowest gates.
    /// Throws `badPolicyParameter` naming the file and what is wrong.
    init(path: String, streaming: Double, policy: String) throws(CacheError) {
        func refuse(_ got: String) -> CacheError {
            .badPolicyParameter(
                policy: policy, parameter: "gates", got: "\"\(path)\" (\(got))",
                expected: "a file with a line of numbers for each layer, one for each KV head")
        }
        let place = NSString(string: path).expandingTildeInPath
        guard let data = FileManager.default.contents(atPath: place) else {
            throw refuse("it cannot be read")
        }
        guard data.count < 1 << 20 else { throw refuse("\(data.count) bytes") }
        let text = String(decoding: data, as: UTF8.self)
        var rows: [[Double]] = []
        for (index, line) in text.split(whereSeparator: \.isNewline).enumerated() {
            var row: [Double] = []
            for word in line.split(whereSeparator: { $0 == "\t" || $0 == " " || $0 == "," }) {
                guard let value = Double(word), value.isFinite else {
                    throw refuse("line \(index + 1): \(word.prefix(20)) is no number")
                }
                row.append(value)
            }
            guard row.count == rows.first?.count ?? row.count, !row.isEmpty else {
                throw refuse("line \(index + 1) has \(row.count) numbers")
            }
            rows.append(row)
        }
        guard !rows.isEmpty else { throw refuse("no numbers") }
        self.init(values: rows, streaming: streaming)
    }

    init(values: [[Double]], streaming: Double) {
        self.values = values
        let sorted = values.flatMap(\.self).sorted()
        let count = Int((Double(sorted.count) * streaming).rounded(.toNearestOrEven))
        threshold = count < sorted.count ? sorted[count] : .infinity
    }
}

extension HeadGates {
    /// Throws `badPolicyParameter` unless there is one gate for each head of a model.
    func fit(_ shape: KVShape, policy: PolicyNames) throws(CacheError) {
        guard
            values.count == shape.layerCount, values[0].count == shape.keyValueHeadCount
        else {
            throw .badPolicyParameter(
                policy: policy.text, parameter: "gates",
                got: "\(values.count) layers of \(values[0].count) heads",
                expected: "\(shape.layerCount) layers of \(shape.keyValueHeadCount) KV heads")
        }
    }
}
