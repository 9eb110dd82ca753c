// Normalisation of one row.

extension Reference {
    /// y = x / sqrt(mean(x^2) + epsilon) * weight
    package static func rmsNorm(_ x: [Float], weight: [Float], epsilon: Float) -> [Double] {
        let squares = x.reduce(0.0) { $0 + Double($1) * Double($1) }
        let root = (squares / Double(x.count) + Double(epsilon)).squareRoot()
        return zip(x, weight).map { Double($0) / root * Double($1) }
    }

    /// y = (x - mean) / sqrt(variance + epsilon) * weight + bias, with the variance over all of x.
    package static func layerNorm(
        _ x: [Float], weight: [Float], bias: [Float]?, epsilon: Float
    ) -> [Double] {
        let mean = x.reduce(0.0) { $0 + Double($1) } / Double(x.count)
        let squares = x.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
        let root = (squares / Double(x.count) + Double(epsilon)).squareRoot()
        return x.indices.map {
            (Double(x[$0]) - mean) / root * Double(weight[$0]) + Double(bias?[$0] ?? 0)
        }
    }
}
