/// `martlet frontier`: accuracy within a budget, for every method, length, width, compression and codec.

import ArgumentParser
import Foundation
import Martlet
import MartletEvaluation

struct Frontier: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Sweeps length, width, compression and codec under cache methods, and reports the frontiers.",
        discussion: """
            Every configuration answers the same held-out problems; its chains vote. The folder receives \
            records.jsonl (every answer, appended as it comes), results.jsonl (scores and costs of every problem \
            without the answers: small enough to keep, and all that the report is computed from), frontier.json, \
            frontier.csv and frontier.html, a page that needs no network. A sweep that was stopped or killed goes on \
            where it was when the same command is given again.

            A compression is a share of the longest prompt and the completion's length; for methods of prompts of the \
            prompt alone. At 1 every method is the dense cache. dms and dmc need a model for each compression: builtin \
            has builtin-cr4 and builtin-cr8 for dms; others are given with --compressed.

            A sweep can be divided between machines with --shard, one folder for each part, which merge puts together; \
            report computes everything again from results.jsonl, and law fits how accuracy depends on size, length and \
            compression. 'martlet frontier run --help' lists the options of a \
            sweep.

            Example:
              martlet frontier --task reasoning --codecs f16,q8,q4 --lengths 128,256,512 --widths 1,2,4,8 \
            --seeds 1,2,3 --samples 100 --out frontier
              martlet frontier --task reasoning --shard 2/8 --out part-2
              martlet frontier merge frontier part-*
              martlet frontier report frontier
              martlet frontier law frontier
            """,
        subcommands: [
            FrontierRun.self, FrontierReportVerb.self, FrontierMergeVerb.self, FrontierLawVerb.self,
        ],
        defaultSubcommand: FrontierRun.self)
}

/// Which budgets a report compares at.
struct BudgetArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The budgets at which methods are compared, such as bytes=1e5..2e6; costs are kvReads, bytesMoved, peakTokens, "
                + "bytes, seconds, flops and isoCost. May be repeated. Default: those that both methods cover, by all problems together.",
            valueName: "cost=low..high"), transform: BudgetRange.init(parsing:))
    var budgets: [BudgetRange] = []

    var byCost: [FrontierCost: ClosedRange<Double>] {
        Dictionary(budgets.map { ($0.cost, $0.range) }, uniquingKeysWith: { $1 })
    }
}

/// `bytes=1e5..2e6`.
struct BudgetRange: Equatable {
    let cost: FrontierCost
    let range: ClosedRange<Double>

    @Sendable init(parsing text: String) throws {
        let sides = text.split(separator: "=", maxSplits: 1).map(String.init)
        let ends = (sides.last ?? "").components(separatedBy: "..").compactMap(Double.init)
        guard sides.count == 2, let cost = FrontierCost(rawValue: sides[0]), ends.count == 2,
            ends[0] > 0, ends[0] < ends[1], ends[1] < 1e30
        else {
            let costs = FrontierCost.allCases.map(\.rawValue).joined(separator: ", ")
            throw Expected("one of \(costs) and its budgets, such as bytes=1e5..2e6")
        }
        self.cost = cost
        range = ends[0]...ends[1]
    }
}

/// `4=build/cr4`, `dmc:4=a,b`: models of one compression, for `dms` unless another method is named.
struct CompressedModel: Equatable {
    let method: String
    let ratio: Double
    let models: [String]

    @Sendable init(parsing text: String) throws {
        let sides = text.split(separator: "=", maxSplits: 1).map(String.init)
        let names = sides.first?.split(separator: ":").map(String.init) ?? []
        let models = sides.last?.split(separator: ",").map(String.init) ?? []
        guard sides.count == 2, (1...2).contains(names.count), let last = names.last,
            let ratio = Double(last), ratio > 1, ratio.isFinite, !models.isEmpty
        else {
            throw Expected("a compression and its models, such as 4=build/cr4 or dmc:4=a,b")
        }
        method = names.count == 2 ? names[0] : FrontierMethod.learned
        self.ratio = ratio
        self.models = models
    }
}

/// `2/8`.
struct ShardArgument: Equatable {
    let shard: FrontierShard

    @Sendable init(parsing text: String) throws {
        guard let shard = FrontierShard(text) else {
            throw Expected("a part and the number of parts, such as 2/8")
        }
        self.shard = shard
    }
}
