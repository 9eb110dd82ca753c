/// The file of an evaluation: which of its problems were answered before.

public import Martlet
import MartletFormats

/// Reads and appends the results of one evaluation.
public final class EvaluationRecords {
    private let records: RunRecords
    /// Results of an earlier part of the same evaluation, by problem.
    package let earlier: [Int: SampleResult]

    /// Opens an evaluation's file, or begins it. Throws what ``RunRecords`` throws.
    package init(
        _ path: String, _ header: RunHeader, _ problems: [TaskEvaluation.Problem]
    ) throws(MartletError) {
        var known: [Int: SampleResult] = [:]
        records = try RunRecords(path, header) { line in
            guard let index = line["index"]?.intValue, problems.indices.contains(index) else {
                return
            }
            let problem = problems[index]
            known[index] = SampleResult(
                record: line, index: index, sample: problem.sample, seed: problem.seed)
        }
        earlier = known
    }

    /// Adds a result. Throws `unreadableFile`, for instance when the disk is full.
    public func append(_ result: SampleResult) throws(MartletError) {
        try records.append(.object(result.record))
    }
}
