/// What a stage sees of a step: its slices, one layer's rows, one unit of attention.

package import CMartletKernels

/// The part of a batch that one sequence takes, as attention sees it.
package struct AttentionSlice {
    /// The sequence.
    package var sequence: SequenceID
    /// First row of the batch.
    package var firstRow: Int
    /// Queries: rows of the batch.
    package var count: Int
    /// Position of the first query.
    package var position: Int
    /// How far the marks of its tokens reach, where it is not the model's own heads that make them.
    package var markWindow: Int?

    /// Describes a slice.
    package init(
        sequence: SequenceID, firstRow: Int, count: Int, position: Int, markWindow: Int? = nil
    ) {
        self.markWindow = markWindow
        self.sequence = sequence
        self.firstRow = firstRow
        self.count = count
        self.position = position
    }
}

/// One layer's keys and values that are about to be appended, `stride` floats between rows, KV heads one
/// after another. Keys are not rotated yet.
package struct AppendedRows {
    /// Keys.
    package var keys: UnsafeMutablePointer<Float>
    /// Values.
    package var values: UnsafeMutablePointer<Float>
    /// Floats from one row's to the next's.
    package var stride: Int
    /// What the model's own heads say of the rows; nil unless the plan listens to them.
    package var marks: TokenMarks?

    /// Describes the rows.
    package init(
        keys: UnsafeMutablePointer<Float>, values: UnsafeMutablePointer<Float>, stride: Int,
        marks: TokenMarks? = nil
    ) {
        self.keys = keys
        self.values = values
        self.stride = stride
        self.marks = marks
    }
}

/// What a model that was trained for it says of a step's tokens, `[row][KV head]`.
package struct TokenMarks {
    /// A positive number marks a token.
    package var logits: UnsafePointer<Float>
    /// What a token weighs in a mean.
    package var weights: UnsafePointer<Float>
    /// KV heads.
    package var headCount: Int

    /// Describes the marks.
    package init(
        logits: UnsafePointer<Float>, weights: UnsafePointer<Float>, headCount: Int
    ) {
        self.logits = logits
        self.weights = weights
        self.headCount = headCount
    }

    /// Whether a row's token is marked in a head.
    @inlinable package func isMarked(_ row: Int, _ head: Int) -> Bool {
        logits[row * headCount + head] > 0
    }
    /// What a row's token weighs in a head.
    @inlinable package func weight(_ row: Int, _ head: Int) -> Float {
        weights[row * headCount + head]
    }
}

/// One layer's rotated queries, `stride` floats between rows, query heads one after another.
package struct QueryRows {
    /// The first row's.
    package var base: UnsafePointer<Float>
    /// Floats from one row's to the next's.
    package var stride: Int
    /// The Euclidean norm of what each row's projections read, by row of the batch; nil unless the plan asks.
    package var inputNorms: UnsafePointer<Float>?

    /// Describes the rows.
    package init(
        base: UnsafePointer<Float>, stride: Int, inputNorms: UnsafePointer<Float>? = nil
    ) {
        self.base = base
        self.stride = stride
        self.inputNorms = inputNorms
    }
}

/// Some neighbouring queries of one slice and one KV head of one layer, that a thread is about to compute.
package struct StageUnit {
    /// Index of the slice in the step.
    package var slice: Int
    /// Layer.
    package var layer: Int
    /// KV head.
    package var head: Int
    /// Row of the first query in the batch.
    package var row: Int
    /// Queries.
    package var count: Int
    /// Slot of the first query in the table, which is its position unless tokens were taken out.
    package var slot: Int
    /// The thread's number.
    package var worker: Int
    /// The first query of the group.
    package var q: UnsafePointer<Float>
    /// Floats from one query's to the next's.
    package var queryStride: Int

    /// Describes a unit.
    package init(
        slice: Int, layer: Int, head: Int, row: Int, count: Int, slot: Int, worker: Int,
        q: UnsafePointer<Float>, queryStride: Int
    ) {
        self.slice = slice
        self.layer = layer
        self.head = head
        self.row = row
        self.count = count
        self.slot = slot
        self.worker = worker
        self.q = q
        self.queryStride = queryStride
    }
}

/// What a unit of attention reads: which pages, until when each slot is seen, what is added to scores.
package struct UnitReads {
    /// The pages.
    package var table: PageTableView
    /// By slot of the table, whole tiles: the first position that sees it no more; nil where all are seen.
    package var until: UnsafePointer<Int32>?
    /// By slot of the table, whole tiles: what is added to its score; nil for nothing.
    package var bias: UnsafePointer<Float>?
    /// Scores of the first slots that replace the computed ones, `[query][head of the group][slot]`.
    package var sinkScores: UnsafePointer<Float>?
    /// The first query of the unit for which they do; `Int.max` for none.
    package var sinkFirstQuery = Int.max
    /// The kinds of sealed pages that the table names, where they are more than the cache has; nil for the
    /// cache's.
    package var classes: UnsafeBufferPointer<mk_page_class>?

    /// Reads a table as it is.
    package init(table: PageTableView, bias: UnsafePointer<Float>? = nil) {
        self.table = table
        self.bias = bias
    }
}
