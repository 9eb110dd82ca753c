// What can be wrong with an optimiser, a schedule or gradient noise, each in one sentence.

import MartletKernels

/// Why an optimiser, a schedule or gradient noise cannot be made.
public enum OptimiserError: Error, Hashable, Sendable, CustomStringConvertible {
    /// No optimiser has this name.
    case unknownMethod(got: String, available: [String])
    /// A hyper-parameter is outside its range; `subject` is the optimiser or schedule.
    case badHyperParameter(subject: String, name: String, got: String, expected: String)
    /// A parameter tensor has no elements, or more than an index can count.
    case badShape(parameter: String, rows: Int, columns: Int)
    /// The system refused memory for the optimiser's state.
    case outOfMemory(bytes: Int, purpose: String)

    /// One sentence: what, where, got, expected, what to do.
    public var description: String {
        switch self {
        case .unknownMethod(let got, let available):
            "there is no optimiser named '\(got)'; available are "
                + available.joined(separator: ", ")
        case .badHyperParameter(let subject, let name, let got, let expected):
            "\(subject): \(name) is \(got), expected \(expected)"
        case .badShape(let parameter, let rows, let columns):
            "parameter \(parameter) has \(rows) x \(columns) elements, expected at least 1 x 1"
        case .outOfMemory(let bytes, let purpose):
            "the system refused \(bytes) bytes for \(purpose); use a smaller model, or an optimiser "
                + "with less state such as adafactor"
        }
    }

    init(_ error: KernelError) {
        switch error {
        case .outOfMemory(let bytes, let purpose):
            self = .outOfMemory(bytes: bytes, purpose: purpose)
        default:
            // Buffers fail in no other way.
            self = .outOfMemory(bytes: 0, purpose: "\(error)")
        }
    }
}

/// The ranges that hyper-parameters are held to; NaN is in none of them.
struct HyperParameters {
    let subject: String

    func require(
        _ name: String, _ value: Double, in range: ClosedRange<Double>
    ) throws(OptimiserError) {
        guard range.contains(value) else {
            throw .badHyperParameter(
                subject: subject, name: name, got: "\(value)",
                expected: range.upperBound == .greatestFiniteMagnitude
                    ? "a finite number of at least \(range.lowerBound)"
                    : "a number from \(range.lowerBound) to \(range.upperBound)")
        }
    }

    /// Rates of exponential averages: 1 would never change.
    func requireAverage(_ name: String, _ value: Double) throws(OptimiserError) {
        guard value >= 0, value < 1 else {
            throw .badHyperParameter(
                subject: subject, name: name, got: "\(value)",
                expected: "a number of at least 0 and below 1")
        }
    }

    func requirePositive(_ name: String, _ value: Double) throws(OptimiserError) {
        guard value > 0, value.isFinite else {
            throw .badHyperParameter(
                subject: subject, name: name, got: "\(value)", expected: "a number above 0")
        }
    }

    func requireNotNegative(_ name: String, _ value: Double) throws(OptimiserError) {
        try require(name, value, in: 0...(.greatestFiniteMagnitude))
    }

    func requireAtLeastOne(_ name: String, _ value: Int) throws(OptimiserError) {
        guard value >= 1 else {
            throw .badHyperParameter(
                subject: subject, name: name, got: "\(value)", expected: "at least 1")
        }
    }
}
