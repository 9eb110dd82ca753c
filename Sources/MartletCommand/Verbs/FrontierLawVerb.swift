/// `martlet frontier law`: how accuracy depends on size, length and compression.

public import ArgumentParser
import Martlet
public import MartletEvaluation
import MartletFormats

struct FrontierLawVerb: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "law",
        abstract: "Fits a scaling law of accuracy to sweeps: sizes, lengths and compressions.",
        discussion: """
            The law is the Sparse Frontier's (arXiv 2504.17768): the logit of accuracy is an offset for each kind of \
            problem and a slope for the logarithm of each of size (weights that a token runs through), length and \
            measured compression. Counts of right answers are binomial. Behind each axis that has three values or more \
            stands how well a law without its greatest value foretells that value: the mean error of accuracies, the \
            error of a law that does not know the axis, and what chance alone would leave.

            Sweeps of several models or prompt lengths are given together; their methods are told by their names. A \
            slope without sweeps that differ on its axis is left out.

            Example:
              martlet frontier law frontier
              martlet frontier law small middle large --width 8 --length chain --json
            """)

    @Argument(help: ArgumentHelp("The folders of finished sweeps.", valueName: "folders"))
    var folders: [String]

    @Option(help: ArgumentHelp("Chains that vote.", valueName: "count"))
    var width = 1

    @Option(
        help: ArgumentHelp(
            "What length is: prompt (tokens of a prompt, at the longest limit) or chain (the limit itself).",
            valueName: "axis"))
    var length = ScalingLength.prompt

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        var sweeps: [FrontierResults] = []
        for folder in folders { sweeps.append(try FrontierResults(folder: folder)) }
        let laws = try FrontierLaws(sweeps, width: width, length: length)
        if json {
            StandardStreams.write(laws.json.serialized() + [UInt8(ascii: "\n")])
        } else {
            StandardStreams.write(Self.text(laws))
        }
    }

    private static func text(_ laws: FrontierLaws) -> String {
        let chains = laws.width == 1 ? "1 chain" : "\(laws.width) chains"
        let heading =
            "logit(accuracy) = offset of the kind + slopes x ln(axis); \(chains), length of the \(laws.length.rawValue)\n"
        return laws.entries.reduce(heading) { text, entry in
            text + "\n\(entry.method), \(entry.codec), \(entry.observations.count) cells of "
                + "\(entry.law.offsets.count) kinds\n" + lines(entry)
        }
    }

    private static func lines(_ entry: FrontierLaws.Entry) -> String {
        func number(_ value: Double) -> String { Columns.decimal(value, places: 3) }
        var text = ""
        for axis in ScalingAxis.allCases {
            guard let slope = entry.law.slopes[axis] else { continue }
            var line = "\(number(slope.value)) ± \(number(slope.error))"
            if let held = entry.holdOuts.first(where: { $0.axis == axis }) {
                line +=
                    "   at \(Columns.decimal(held.value, places: 1)) foretold within \(number(held.error)) "
                    + "(\(number(held.errorWithout)) without this axis, \(number(held.chance)) by chance, "
                    + "\(held.count) cells)"
            }
            text += Columns.pair("  " + axis.rawValue, line)
        }
        return text
    }
}

extension ScalingLength: ExpressibleByArgument {}
