// The forward pass of an encoder over rows of several texts.

import CMartletKernels
import MartletFormats
import MartletKernels

extension EncoderWeights {
    /// Computes the last residual stream of all rows of a step, in ``EncoderStep/hidden``.
    func callAsFunction(_ step: EncoderStep) {
        embed(step)
        guard let first = layers.first else { return }
        step.inStrips(weightBytes: first.byteCount) { first.project($0) }
        for (index, layer) in layers.enumerated() {
            step.attend(layer)
            let next = index + 1 < layers.count ? layers[index + 1] : nil
            step.inStrips(weightBytes: layer.byteCount) { rows in
                layer.finish(rows)
                layer.feedForward(rows, plan.activation)
                next?.project(rows)
            }
        }
        if let finalNorm { step.allRows.normalise(finalNorm) }
    }

    /// The sum of what a token's id, its place and its segment give.
    private func embed(_ step: EncoderStep) {
        let (hidden, size) = (step.hidden, plan.hiddenSize)
        let add = step.kernels.table.pointee.add
        step.allRows.forEach(cost: size * 6) { row in
            let out = hidden + row * size
            let token = Int(step.tokens[row])
            let buffer = UnsafeMutableBufferPointer(start: out, count: size)
            switch embedding {
            case .packed(let matrix): matrix.readRow(token, into: buffer)
            case .stored(let entry):
                StoredFloats.copy(entry, token * size..<(token + 1) * size, buffer)
            }
            if plan.embeddingScale != 1 {
                for channel in 0..<size { out[channel] *= plan.embeddingScale }
            }
            if let segment { add(out, segment.pointer, Int32(size)) }
            if let positions {
                let position = plan.firstPosition + Int(step.places[row])
                add(out, positions.pointer + position * size, Int32(size))
            }
            if let embeddingNorm { embeddingNorm(step.kernels, out, count: size, out: out) }
        }
    }

    /// Throws when embeddings were read from a file that was cut short or written meanwhile.
    func checkIntact() throws(ModelError) {
        guard case .stored(let entry) = embedding else { return }
        do { try entry.checkIntact() } catch { throw .format(error) }
    }
}

extension RowRange where Workspace == EncoderStep {
    /// Normalises the residual stream in place.
    func normalise(_ norm: Norm) {
        let (hidden, size) = (step.hidden, step.plan.hiddenSize)
        forEach(cost: size / 2) { row in
            norm(step.kernels, hidden + row * size, count: size, out: hidden + row * size)
        }
    }

    /// Adds a product to the residual stream. A norm is of the sum, or of what is added, by the plan.
    fileprivate func add(_ linear: Linear, _ activation: Activation, _ norm: Norm?) {
        let (hidden, branch, size) = (step.hidden, step.normed, step.plan.hiddenSize)
        guard let norm, step.plan.normalisesBranches else {
            linear(self, activation, out: hidden, outStride: size, epilogue: .add)
            if let norm { normalise(norm) }
            return
        }
        linear(self, activation, out: branch, outStride: size, epilogue: .store)
        let add = step.kernels.table.pointee.add
        forEach(cost: size) { row in
            let part = branch + row * size
            norm(step.kernels, part, count: size, out: part)
            add(hidden + row * size, part, Int32(size))
        }
    }

    /// The residual stream, ready for a product.
    fileprivate func stream(_ norm: Norm?, for linear: Linear) -> Activation {
        let size = step.plan.hiddenSize
        return activation(
            of: step.hidden, stride: size, columns: size, norm: norm,
            quantised: linear.quantisesActivations)
    }
}

extension EncoderLayer {
    /// Queries, keys and values of rows.
    fileprivate func project(_ rows: RowRange<EncoderStep>) {
        queryKeyValue(
            rows, rows.stream(inputNorm, for: queryKeyValue), out: rows.step.queryKeyValue,
            outStride: rows.step.plan.projectedWidth)
    }

    /// Adds what rows attended to, projected back, to the residual stream.
    fileprivate func finish(_ rows: RowRange<EncoderStep>) {
        let step = rows.step
        let width = step.plan.queryWidth
        let attended = rows.activation(
            of: step.attended, stride: width, columns: width, norm: nil,
            quantised: output.quantisesActivations)
        rows.add(output, attended, attentionEndNorm)
    }

    fileprivate func feedForward(
        _ rows: RowRange<EncoderStep>, _ activation: EncoderActivation
    ) {
        let step = rows.step
        let (inner, width) = (step.inner, step.plan.intermediateSize)
        let stride = activation.isGated && !isPaired ? 2 * width : width
        up(
            rows, rows.stream(feedForwardNorm, for: up), out: inner, outStride: stride,
            epilogue: isPaired ? .swiglu : .store)
        if !isPaired { rows.activate(activation, stride: stride) }
        let activated = rows.activation(
            of: inner, stride: stride, columns: width, norm: nil,
            quantised: down.quantisesActivations)
        rows.add(down, activated, feedForwardEndNorm)
    }
}

extension RowRange where Workspace == EncoderStep {
    /// What lies between an MLP's products, in the first `width` of every `stride` floats.
    fileprivate func activate(_ activation: EncoderActivation, stride: Int) {
        let (inner, width) = (step.inner, step.plan.intermediateSize)
        let table = step.kernels.table.pointee
        forEach(cost: width * 2) { row in
            let gate = inner + row * stride
            switch activation {
            case .gelu(let isApproximate):
                table.gelu(gate, Int32(width), isApproximate ? 1 : 0)
            case .gatedGELU(let isApproximate):
                table.gelu(gate, Int32(width), isApproximate ? 1 : 0)
                let up = gate + width
                for channel in 0..<width { gate[channel] *= up[channel] }
            case .gatedSiLU: table.swiglu(gate, gate + width, Int32(width))
            }
        }
    }
}
