// Reads a ledger with somebody else's code: golang.org/x/mod/sumdb's note and tlog. Verifies the
// signature of each checkpoint, every tile and the inclusion of every entry, and that the later
// checkpoint continues the earlier one.
//
//	ledger FOLDER VERIFIER-KEY-FILE EARLIER-CHECKPOINT-FILE
package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const tileHeight = 8

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "ledger:", err)
		os.Exit(1)
	}
}

func refuse(format string, arguments ...any) {
	check(fmt.Errorf(format, arguments...))
}

func read(path string) []byte {
	bytes, err := os.ReadFile(path)
	check(err)
	return bytes
}

// The checkpoint that the note signs: origin, size, root, a line each.
func openCheckpoint(path string, verifier note.Verifier) tlog.Tree {
	opened, err := note.Open(read(path), note.VerifierList(verifier))
	check(err)
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[3] != "" || lines[0] != verifier.Name() {
		refuse("%s is no checkpoint of %s", path, verifier.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err)
	root, err := tlog.ParseHash(lines[2])
	check(err)
	return tlog.Tree{N: size, Hash: root}
}

// Tiles from the folder. The path that the package gives has the height in it, the common form
// that the ledger is stored in has not.
type folderReader struct{ folder string }

func (r folderReader) Height() int { return tileHeight }

func (r folderReader) SaveTiles([]tlog.Tile, [][]byte) {}

func (r folderReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		bytes, err := os.ReadFile(filepath.Join(r.folder, path))
		if err != nil {
			return nil, err
		}
		all = append(all, bytes)
	}
	return all, nil
}

// Hashes that the package has read from tiles and authenticated against the root: it would do so
// again for each of them.
type knownHashes struct {
	from  tlog.HashReader
	known map[int64]tlog.Hash
}

func (k knownHashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var missing []int64
	for _, index := range indexes {
		if _, have := k.known[index]; !have {
			missing = append(missing, index)
		}
	}
	if len(missing) > 0 {
		read, err := k.from.ReadHashes(missing)
		if err != nil {
			return nil, err
		}
		for i, index := range missing {
			k.known[index] = read[i]
		}
	}
	var all []tlog.Hash
	for _, index := range indexes {
		all = append(all, k.known[index])
	}
	return all, nil
}

// All that the tile of these leaves has, at once.
func (k knownHashes) readTile(first, size int64) {
	var indexes []int64
	for level := 0; level < tileHeight; level++ {
		for n := first >> level; n < (first+1<<tileHeight)>>level && (n+1)<<level <= size; n++ {
			indexes = append(indexes, tlog.StoredHashIndex(level, n))
		}
	}
	_, err := k.ReadHashes(indexes)
	check(err)
}

// The entries of the bundle that begins with entry number first.
func readBundle(folder string, first, size int64) [][]byte {
	tile := tlog.Tile{H: tileHeight, L: 0, N: first >> tileHeight, W: 1 << tileHeight}
	if rest := size - first; rest < 1<<tileHeight {
		tile.W = int(rest)
	}
	path := strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1)
	bytes := read(filepath.Join(folder, path))
	var entries [][]byte
	for len(bytes) > 0 {
		length := int(binary.BigEndian.Uint16(bytes))
		entries = append(entries, bytes[2:2+length])
		bytes = bytes[2+length:]
	}
	if len(entries) != tile.W {
		refuse("%s has %d entries, not %d", path, len(entries), tile.W)
	}
	return entries
}

func main() {
	if len(os.Args) != 4 {
		refuse("usage: ledger FOLDER VERIFIER-KEY-FILE EARLIER-CHECKPOINT-FILE")
	}
	folder := os.Args[1]
	verifier, err := note.NewVerifier(strings.TrimSpace(string(read(os.Args[2]))))
	check(err)
	tree := openCheckpoint(filepath.Join(folder, "checkpoint"), verifier)
	earlier := openCheckpoint(os.Args[3], verifier)
	hashes := knownHashes{tlog.TileHashReader(tree, folderReader{folder}), map[int64]tlog.Hash{}}

	for first := int64(0); first < tree.N; first += 1 << tileHeight {
		hashes.readTile(first, tree.N)
		for i, entry := range readBundle(folder, first, tree.N) {
			index := first + int64(i)
			proof, err := tlog.ProveRecord(tree.N, index, hashes)
			check(err)
			check(tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry)))
		}
	}
	proof, err := tlog.ProveTree(tree.N, earlier.N, hashes)
	check(err)
	check(tlog.CheckTree(proof, tree.N, tree.Hash, earlier.N, earlier.Hash))
	fmt.Printf("%d entries included, and %d of them before\n", tree.N, earlier.N)
}
