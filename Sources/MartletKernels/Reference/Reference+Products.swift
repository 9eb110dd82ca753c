// Products with weights, and what quantised activations are.

extension Reference {
    /// Activations in blocks of 32: x[k] is about `scales[k / 32] * quants[k]`.
    package struct QuantisedRow {
        /// Integers in -127...127, padded with zeros to whole blocks.
        package var quants: [Int8]
        /// One for each block: max |x| / 127.
        package var scales: [Float]
        /// Two for each block: the sum of its integers, and of the first 16.
        package var sums: [Int32]
    }

    /// quants = round-to-even(x * (127 / max |x|)), scale = max |x| / 127, for each block of 32.
    package static func quantise(_ x: [Float]) -> QuantisedRow {
        var row = QuantisedRow(quants: [], scales: [], sums: [])
        for start in stride(from: 0, to: x.count, by: 32) {
            let block = x[start..<min(start + 32, x.count)]
            let largest = block.reduce(0) { max($0, $1.magnitude) }
            // Below 1e-30 the inverse could overflow, and nothing that small is worth an integer.
            let inverse = largest > 1e-30 ? 127 / largest : 0
            var (sum, first): (Int32, Int32) = (0, 0)
            for i in 0..<32 {
                let value = i < block.count ? block[start + i] * inverse : 0
                let quant = Int32(value.rounded(.toNearestOrEven))
                row.quants.append(Int8(clamping: quant))
                sum += quant
                if i < 16 { first += quant }
            }
            row.scales.append(largest > 1e-30 ? largest / 127 : 0)
            row.sums += [sum, first]
        }
        return row
    }

    /// The values that a quantised row stands for.
    package static func dequantise(_ row: QuantisedRow, count: Int) -> [Double] {
        (0..<count).map { Double(row.scales[$0 / 32]) * Double(row.quants[$0]) }
    }

    /// One output of a product: sum over k of x[k] w[k], and sum of |x[k] w[k]| to scale errors by.
    package static func dot(_ x: [Double], _ weights: [Float]) -> (sum: Double, magnitude: Double) {
        var sum = 0.0
        var magnitude = 0.0
        for k in x.indices {
            let product = x[k] * Double(weights[k])
            sum += product
            magnitude += product.magnitude
        }
        return (sum, magnitude)
    }
}
