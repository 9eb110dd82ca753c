/// The tokenizer's own stream decoder already speaks the loop's small language.

package import MartletTokenizers

extension StreamDecoder: TextDecoding {}
