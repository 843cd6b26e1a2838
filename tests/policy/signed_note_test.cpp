#include "policy/signed_note.hpp"

#include <gtest/gtest.h>
#include <openssl/sha.h>

#include "policy/base64.hpp"
#include "policy/checkpoint.hpp"

namespace assent::policy {
namespace {

Digest sha256(std::span<const std::byte> bytes) {
  Digest digest{};
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

// The examples of the specification and of the Go package that came first.
constexpr std::string_view published_key =
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
constexpr std::string_view published_note =
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngo"
    "tpRZb6KE6RyyBwJnAM=\n";

std::string checkpoint_text() {
  return "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
}

TEST(SignedNote, ReadsAndWritesThePublishedExamplesByteForByte) {
  const auto key = parse_verifier_key(published_key, sha256);
  ASSERT_TRUE(key);
  EXPECT_EQ(key->name, "PeterNeumann");
  EXPECT_EQ(to_text(*key), published_key);
  const auto note = parse_note(published_note);
  ASSERT_TRUE(note);
  EXPECT_EQ(to_text(*note), published_note);
  const auto* const signature = signature_by(*note, *key);
  ASSERT_NE(signature, nullptr);
  EXPECT_EQ(signature->signature.size(), 64u);
}

TEST(SignedNote, AKeyWhoseIdIsNotItsOwnIsRefused) {
  std::string text{published_key};
  text[text.find('+') + 1] = 'd';
  EXPECT_EQ(parse_verifier_key(text, sha256).error(), NoteFault::bad_key);
  for (std::size_t i = 0; i < published_key.size(); ++i)
    EXPECT_FALSE(parse_verifier_key(published_key.substr(0, i), sha256)) << i;
}

TEST(SignedNote, ASignersKeyComesBackAsItWasWritten) {
  SignerKey key{"assent.example/ledger", {std::byte{1}, std::byte{0xfe}}, {std::byte{7}}};
  const auto again = parse_signer_key(to_text(key));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->name, key.name);
  EXPECT_EQ(again->id, key.id);
  EXPECT_EQ(again->seed, key.seed);
  EXPECT_FALSE(parse_signer_key(published_key));
}

TEST(SignedNote, TwoSignaturesByOneKeyAreNone) {
  const auto key = parse_verifier_key(published_key, sha256);
  auto note = *parse_note(published_note);
  note.signatures.push_back(note.signatures.front());
  EXPECT_EQ(signature_by(note, *key), nullptr);
}

TEST(SignedNote, MalformedNotesSayWhatIsWrong) {
  const std::string good{published_note};
  const std::string text = good.substr(0, good.find("\n\n") + 2);
  EXPECT_EQ(parse_note("").error(), NoteFault::no_signatures);
  EXPECT_EQ(parse_note(text).error(), NoteFault::no_signatures);
  EXPECT_EQ(parse_note(good.substr(0, good.size() - 1)).error(), NoteFault::no_signatures);
  EXPECT_EQ(parse_note(text + "- a AAAAAAAA\n").error(), NoteFault::bad_signature_line);
  EXPECT_EQ(parse_note(text + "\u2014 a\n").error(), NoteFault::bad_signature_line);
  EXPECT_EQ(parse_note(text + "\u2014 a+b AAAAAAAA\n").error(), NoteFault::bad_signature_line);
  EXPECT_EQ(parse_note(text + "\u2014 a AAAA\n").error(), NoteFault::bad_signature_line);
  EXPECT_EQ(parse_note(text + "\u2014 a AAAAAA=\n").error(), NoteFault::bad_signature_line);
  EXPECT_EQ(parse_note("a\tb\n\n\u2014 a AAAAAAAA\n").error(), NoteFault::not_text);
  EXPECT_EQ(parse_note("\xc0\xaf\n\n\u2014 a AAAAAAAA\n").error(), NoteFault::not_text);
  EXPECT_EQ(parse_note(std::string(note_bytes_max + 1, 'a')).error(), NoteFault::too_large);
  std::string many = text;
  for (std::size_t i = 0; i <= note_signatures_max; ++i)
    many += "\u2014 a AAAAAAAA\n";
  EXPECT_EQ(parse_note(many).error(), NoteFault::too_many_signatures);
}

TEST(Checkpoint, IsThreeLinesThatComeBackAsTheyWere) {
  const auto checkpoint = parse_checkpoint(checkpoint_text());
  ASSERT_TRUE(checkpoint);
  EXPECT_EQ(checkpoint->origin, "example.com/behind-the-sofa");
  EXPECT_EQ(checkpoint->head.size, 20'852'163u);
  EXPECT_EQ(to_text(*checkpoint), checkpoint_text());
}

TEST(Checkpoint, AnyOtherSpellingIsRefused) {
  const std::string root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
  for (const std::string& text :
       {std::string{}, "o\n1\n" + root + "extension\n", "o\n01\n" + root, "o\n+1\n" + root,
        "o\n-1\n" + root, "o\n\n" + root, "o\n1 \n" + root, "\n1\n" + root,
        "o\n9223372036854775808\n" + root, "o\n99999999999999999999\n" + root,
        std::string{"o\n1\nAAAA\n"}, "o\n1\n" + root.substr(0, root.size() - 1),
        std::string{"o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n"}}) {
    EXPECT_FALSE(parse_checkpoint(text)) << text;
  }
}

TEST(Base64, HasOneSpellingForEachSequenceOfBytes) {
  for (const std::string& text : {std::string{}, std::string{"Zg=="}, std::string{"Zm8="},
                                  std::string{"Zm9v"}, std::string{"Zm9vYmFy"}}) {
    const auto bytes = from_base64(text);
    ASSERT_TRUE(bytes) << text;
    EXPECT_EQ(to_base64(*bytes), text);
  }
  for (const char* text : {"Z", "Zg", "Zg=", "Zh==", "Zm9=", "====", "=", "Zg==Zg==", "Zm9v\n"})
    EXPECT_FALSE(from_base64(text)) << text;
}

}  // namespace
}  // namespace assent::policy
