/// Files that go into a prompt as text.

/// The largest file that is taken. A text of this size is longer than the context of any model here.
const largestFile = 4_000_000;

/// Reads files as UTF-8. Returns those that are text, and a sentence for each that is not.
export async function readFiles(list) {
  const files = [];
  const complaints = [];
  for (const file of list) {
    if (file.size > largestFile) {
      complaints.push(`${file.name} is larger than ${largestFile / 1e6} MB.`);
      continue;
    }
    try {
      const text = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
      if (text.includes("\0")) throw new Error("binary");
      files.push({ name: file.name, text: text.replace(/\r\n/g, "\n") });
    } catch {
      complaints.push(`${file.name} is no text file (UTF-8).`);
    }
  }
  return { files, complaints };
}

/// Hands the user a file to keep.
export function saveFile(name, content) {
  const address = URL.createObjectURL(new Blob([content], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
