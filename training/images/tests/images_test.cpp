#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "jpeg_bytes.hpp"
#include "pamkit/training/corpus.hpp"
#include "pamkit/training/image_loader.hpp"
#include "pamkit/training/image_set.hpp"
#include "pamkit/training/philox.hpp"
#include "scratch_folder.hpp"

namespace pamkit::training {
namespace {

namespace fs = std::filesystem;

std::string record(int label, std::uint8_t first) {
  std::string r(1, static_cast<char>(label));
  for (int i = 0; i < 3072; ++i) r += static_cast<char>(first + i / 1024);
  return r;
}

image_settings settings(int size, std::int64_t batch) {
  image_settings s;
  s.size = size;
  s.batch = batch;
  s.mean = {0.5, 0.5, 0.5};
  s.deviation = {0.25, 0.25, 0.25};
  return s;
}

TEST(Jpeg, GreyAndCmykBecomeRgb) {
  const image grey = decode_jpeg(jpeg(9, 5, {77}, JCS_GRAYSCALE), "grey");
  EXPECT_EQ(grey.width, 9);
  EXPECT_EQ(grey.height, 5);
  for (const std::uint8_t x : grey.rgb) EXPECT_EQ(x, 77);
  // Ink: 255 - c and 255 - k in light; R = 255 * (1 - c) (1 - k).
  const image ink = decode_jpeg(jpeg(4, 4, {255, 0, 0, 51}, JCS_CMYK), "cmyk");
  EXPECT_EQ(ink.at(1, 1)[0], 0);
  EXPECT_EQ(ink.at(1, 1)[1], 204);
  const image light = decode_jpeg(jpeg(4, 4, {255, 0, 0, 51}, JCS_CMYK, true), "adobe");
  EXPECT_EQ(light.at(1, 1)[0], 51);
  EXPECT_EQ(light.at(1, 1)[1], 0);
}

TEST(Jpeg, ADamagedFileIsNamed) {
  const std::string whole = jpeg(64, 64, {10, 200, 30}, JCS_RGB);
  EXPECT_NE(message_of([&] {
              decode_jpeg(whole.substr(0, whole.size() / 2), "half.JPEG");
            }).find("half.JPEG"),
            std::string::npos);
  EXPECT_NE(message_of([&] { decode_jpeg("no picture", "text.JPEG"); }).find("text.JPEG"),
            std::string::npos);
  EXPECT_NE(message_of([&] { decode_jpeg("", "empty.JPEG"); }).find("empty.JPEG"),
            std::string::npos);
}

// What libjpeg itself would repair by skipping to the next marker.
TEST(Jpeg, OverwrittenScansAreRefusedAndBytesBetweenSegmentsAreNot) {
  std::vector<std::uint8_t> pixels;
  for (std::uint32_t i = 0; i < 64 * 64 * 3; ++i) {
    pixels.push_back(static_cast<std::uint8_t>(random_bits(1, 0, 0, 0, i)));
  }
  for (const bool progressive : {false, true}) {
    const std::string whole = jpeg_of_pixels(64, pixels, 3, JCS_RGB, {.progressive = progressive});
    const image expected = decode_jpeg(whole, "whole.JPEG");
    for (const std::size_t at : {whole.size() / 4, whole.size() / 2, whole.size() * 5 / 8}) {
      std::string bytes = whole;
      bytes.replace(at, 40, 40, '\0');
      EXPECT_NE(message_of([&] { decode_jpeg(bytes, "scan.JPEG"); }).find("scan.JPEG: "),
                std::string::npos)
          << progressive << ", byte " << at;
    }
    std::string bytes = whole;
    bytes.insert(bytes.find("\xFF\xDB"), 3, '\0');
    EXPECT_EQ(decode_jpeg(bytes, "between.JPEG").rgb, expected.rgb) << progressive;
    bytes = whole;
    bytes.insert(bytes.size() - 2, 40, '\0');
    EXPECT_NE(message_of([&] { decode_jpeg(bytes, "behind.JPEG"); }).find("extraneous bytes"),
              std::string::npos)
        << progressive;
  }
}

TEST(Jpeg, AHeaderThatClaimsTooManyPixelsIsRefusedBeforeTheyAreMade) {
  std::string bytes = jpeg(16, 16, {10, 200, 30}, JCS_RGB);
  const std::size_t frame = bytes.find("\xFF\xC0");
  ASSERT_NE(frame, std::string::npos);
  bytes.replace(frame + 5, 4, "\xFF\xDC\xFF\xDC");
  const std::string message = message_of([&] { decode_jpeg(bytes, "huge.JPEG"); });
  EXPECT_NE(message.find("huge.JPEG: claims 65500 x 65500 pixels"), std::string::npos) << message;
}

TEST(Images, AFoldersKeyCoversNamesAndContents) {
  const scratch_folder tree;
  for (const char* const name : {"train/cat/a.JPEG", "train/dog/b.JPEG", "val/cat/a.JPEG", "val/dog/b.JPEG"}) {
    fs::create_directories((tree.path() / name).parent_path());
    tree.write(name, jpeg(8, 8, {1, 2, 3}, JCS_RGB));
  }
  const std::string before = open_images(tree.path()).key;
  EXPECT_EQ(open_images(tree.path()).key, before);
  std::string other = jpeg(8, 8, {1, 2, 3}, JCS_RGB);
  other[other.size() - 3] = static_cast<char>(other[other.size() - 3] ^ 1);  // of the same size
  tree.write("val/dog/b.JPEG", other);
  const std::string changed = open_images(tree.path()).key;
  EXPECT_NE(changed, before);
  fs::rename(tree.path() / "val/dog/b.JPEG", tree.path() / "val/dog/c.JPEG");
  EXPECT_NE(open_images(tree.path()).key, changed);
}

TEST(Images, CifarRecordsAreLabelThenPlanes) {
  const scratch_folder folder;
  folder.write("data_batch_1.bin", record(3, 10) + record(9, 100));
  folder.write("test_batch.bin", record(0, 1));
  const image_data data = open_images(folder.path());
  ASSERT_EQ(data.train->size(), 2U);
  EXPECT_EQ(data.valid->size(), 1U);
  EXPECT_EQ(data.train->label(1), 9);
  const image second = data.train->load(1);
  EXPECT_EQ(second.at(31, 31)[0], 100);
  EXPECT_EQ(second.at(0, 0)[2], 102);
  EXPECT_EQ(data.classes.size(), 10U);
}

TEST(Images, WhatIsMalformedIsNamed) {
  const scratch_folder folder;
  folder.write("data_batch_1.bin", record(3, 10).substr(1));
  folder.write("test_batch.bin", record(0, 1));
  EXPECT_NE(
      message_of([&] { open_images(folder.path()); }).find("data_batch_1.bin: has 3072 bytes"),
      std::string::npos);
  folder.write("data_batch_1.bin", record(10, 10));
  EXPECT_NE(message_of([&] { open_images(folder.path()); }).find("record 1 has label 10"),
            std::string::npos);
  const scratch_folder tree;
  fs::create_directories(tree.path() / "train" / "cat");
  fs::create_directories(tree.path() / "val" / "cat");
  EXPECT_NE(message_of([&] { open_images(tree.path()); }).find("is an empty class folder"),
            std::string::npos);
  tree.write("train/cat/a.JPEG", jpeg(8, 8, {1, 2, 3}, JCS_RGB));
  tree.write("val/cat/a.JPEG", "broken");
  fs::create_directories(tree.path() / "val" / "dog");
  EXPECT_NE(
      message_of([&] { open_images(tree.path()); }).find("dog: is a class that training does"),
      std::string::npos);
  fs::remove(tree.path() / "val" / "dog");
  EXPECT_NE(message_of([&] { open_images(tree.path()); }).find("holds one class"),
            std::string::npos);
  fs::create_directories(tree.path() / "train" / "dog");
  tree.write("train/dog/b.JPEG", jpeg(8, 8, {1, 2, 3}, JCS_RGB));
  const image_data data = open_images(tree.path());
  EXPECT_NE(message_of([&] { data.valid->load(0); }).find("a.JPEG"), std::string::npos);
  EXPECT_NE(message_of([&] { open_images(tree.path() / "train"); }).find("known layout"),
            std::string::npos);
  fs::create_directories(tree.path() / "valid" / "cat");
  EXPECT_NE(message_of([&] { open_images(tree.path()); }).find("both val and valid are there"),
            std::string::npos);
}

TEST(Images, RecordsBesideFoldersOfClassesAreRefused) {
  const scratch_folder folder;
  folder.write("data_batch_1.bin", record(3, 10));
  folder.write("test_batch.bin", record(0, 1));
  EXPECT_EQ(open_images(folder.path()).train->size(), 1U);
  for (const char* const name : {"train/cat/a.JPEG", "train/dog/b.JPEG", "val/cat/a.JPEG"}) {
    fs::create_directories((folder.path() / name).parent_path());
    folder.write(name, jpeg(8, 8, {1, 2, 3}, JCS_RGB));
  }
  EXPECT_EQ(message_of([&] { open_images(folder.path()); }),
            folder.path().string() +
                ": both data_batch_1.bin and train are there; records of CIFAR-10 or folders of "
                "images were expected");
}

TEST(Images, ResizingAConstantImageKeepsItAndAnEqualSizeIsACopy) {
  image flat(20, 30);
  std::ranges::fill(flat.rgb, 90);
  for (const std::uint8_t x : fitted(flat, 224, 224).rgb) ASSERT_EQ(x, 90);
  image ramp(4, 4);
  for (std::size_t i = 0; i < ramp.rgb.size(); ++i) ramp.rgb[i] = static_cast<std::uint8_t>(5 * i);
  EXPECT_EQ(resized(ramp, 0, 0, 4, 4, 4, 4), ramp);
  // Twice as large: the centre of a target pixel lies a quarter pixel from a source centre.
  EXPECT_EQ(resized(ramp, 0, 0, 4, 4, 8, 8).at(0, 1)[0], (3 * 0 + 1 * 15 + 2) / 4);
}

class two_colours : public image_set {
 public:
  std::size_t size() const override { return 7; }
  int label(std::size_t i) const override { return static_cast<int>(i % 2); }
  image load(std::size_t i) const override {
    image result(8, 8);
    for (std::size_t k = 0; k < result.rgb.size(); ++k) {
      result.rgb[k] = static_cast<std::uint8_t>(20 * i + k);
    }
    return result;
  }
};

TEST(Batches, AnEpochTakesEveryImageOnceWhateverTheThreads) {
  const two_colours images;
  image_settings s = settings(8, 3);
  EXPECT_EQ(updates_per_epoch(images, s), 2U);
  s.batch = 1;
  std::vector<std::int64_t> labels;
  for (std::uint64_t step = 0; step < 7; ++step) {
    labels.push_back(training_batch(images, s, 1, step).labels[0]);
  }
  EXPECT_EQ(std::ranges::count(labels, 0), 4);
  s.augment = {.crop_padding = 2, .flip = 0.5, .rand_augment = 9, .rand_augment_spread = 0.5};
  s.mixup = 0.8;
  s.cutmix = 1;
  s.erasing = 0.5;
  s.batch = 3;
  for (const int threads : {1, 3}) {
    prefetcher ahead([&](std::uint64_t step) { return training_batch(images, s, 5, step); }, 2, 12,
                     threads);
    for (std::uint64_t step = 2; step < 12; ++step) {
      const image_batch got = ahead.next();
      const image_batch expected = training_batch(images, s, 5, step);
      EXPECT_EQ(got.pixels, expected.pixels);
      EXPECT_EQ(got.share, expected.share);
      EXPECT_GE(got.share, 0);
      EXPECT_LE(got.share, 1);
    }
    EXPECT_THROW(ahead.next(), std::out_of_range);
  }
}

TEST(Batches, AnImageThatCannotBeReadStopsTheBatchThatNeedsIt) {
  prefetcher ahead(
      [](std::uint64_t step) -> image_batch {
        if (step == 3) throw input_error("x.JPEG", "is damaged", "a JPEG file was expected");
        return {};
      },
      0, 9, 2);
  for (int i = 0; i < 3; ++i) ahead.next();
  EXPECT_NE(message_of([&] { ahead.next(); }).find("x.JPEG"), std::string::npos);
}

TEST(Augmentation, EveryOperationOfRandAugmentKeepsTheSizeAndZeroMagnitudeMovesNothing) {
  const image from = two_colours().load(3);
  int changed = 0;
  for (std::uint32_t i = 0; i < 200; ++i) {
    image_randomness random(1, 0, i);
    const image to = rand_augmented(from, 9, 0.5, random);
    ASSERT_EQ(to.rgb.size(), from.rgb.size());
    changed += to == from ? 0 : 1;
  }
  // Each of two operations is applied with probability 1/2.
  EXPECT_GT(changed, 120);
  EXPECT_LT(changed, 180);
}

}  // namespace
}  // namespace pamkit::training
