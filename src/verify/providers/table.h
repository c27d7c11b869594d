// The rows, one file each. Adding a provider of a known family is one such file, its line here and in
// table.cc, and a test.
#pragma once

#include <array>
#include <string_view>

#include <creel/provider.h>

namespace creel::providers {

// What nearly every provider calls with.
inline constexpr std::array<std::string_view, 1> kPost{"POST"};

extern const Provider kOpenai;
extern const Provider kStripe;
extern const Provider kShopify;
extern const Provider kGithub;
extern const Provider kResend;
extern const Provider kChargebee;
extern const Provider kClerk;
extern const Provider kElevenlabs;
extern const Provider kPaddle;
extern const Provider kCursor;
extern const Provider kDeepgram;
extern const Provider kFusionauth;
extern const Provider kGitlab;
extern const Provider kPostmark;
extern const Provider kReplicate;
extern const Provider kSendgrid;
extern const Provider kVercel;
extern const Provider kWebflow;
extern const Provider kWoocommerce;
extern const Provider kHookdeck;
extern const Provider kSlack;
extern const Provider kTwilio;
extern const Provider kDiscord;
extern const Provider kZoom;
extern const Provider kLinear;
extern const Provider kHubspot;
extern const Provider kSquare;
extern const Provider kMailgun;
extern const Provider kStandardWebhooks;
extern const Provider kSvix;
extern const Provider kHmac;
extern const Provider kBasic;
extern const Provider kToken;
extern const Provider kNone;

}  // namespace creel::providers
