#include "gateway/consent_page_html.hpp"

#include <algorithm>
#include <span>

#include "gateway/embedded.hpp"
#include "gateway/sha256.hpp"
#include "policy/base64.hpp"

namespace assent::gateway {
namespace {

// "2026-01-31 12:00 UTC", and the same for machines.
std::string time_html(policy::WallTime time) {
  const std::string exact = to_rfc3339(time);
  const std::string shown = exact.substr(0, 10) + ' ' + exact.substr(11, 5) + " UTC";
  return "<time datetime=\"" + exact + "\">" + shown + "</time>";
}

std::string label_of(const PageWords& words, std::string_view label) {
  return escaped(purpose_name(words, label));
}

std::string style_source() {
  const Sha256 digest = sha256(embedded("consent_page.css").value_or(""));
  return "'sha256-" + policy::to_base64(digest) + "'";
}

std::string head_html(const PageWords& words, std::string_view title) {
  std::string html = "<!DOCTYPE html>\n<html lang=\"";
  html.append(words.language).append("\">\n<head>\n<meta charset=\"utf-8\">\n<title>");
  html += escaped(title);
  html +=
      "</title>\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n"
      "<meta name=\"robots\" content=\"noindex\">\n<style>";
  html.append(embedded("consent_page.css").value_or(""));
  return html + "</style>\n</head>\n<body>\n<main>\n";
}

std::string receipts_html(const PageWords& words) {
  return "<p><a href=\"?receipts=all\" download>" + escaped(words.receipts) + "</a></p>\n";
}

HttpResponse html_response(std::string body, std::string_view language, unsigned status) {
  HttpResponse response;
  response.status = status;
  response.content_type = "text/html; charset=utf-8";
  response.body = std::move(body);
  static const std::string policy = "default-src 'none'; style-src " + style_source() +
                                    "; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
  response.headers = {{"Content-Security-Policy", policy},
                      {"Referrer-Policy", "no-referrer"},
                      {"X-Frame-Options", "DENY"},
                      {"Cross-Origin-Opener-Policy", "same-origin"},
                      {"Cross-Origin-Resource-Policy", "same-origin"},
                      {"Content-Language", std::string(language)}};
  return response;
}

std::string message_html(const PageWords& words, PageMessage message) {
  switch (message) {
    case PageMessage::none:
      return {};
    case PageMessage::saved:
      return "<p class=\"message good\" role=\"status\">" + escaped(words.saved) + "</p>\n";
    case PageMessage::nothing_ticked:
      return "<p class=\"message\" role=\"status\">" + escaped(words.nothing_ticked) + "</p>\n";
    case PageMessage::changed:
      return "<p class=\"message bad\" role=\"alert\">" + escaped(words.changed) + "</p>\n";
    case PageMessage::not_saved:
      return "<p class=\"message bad\" role=\"alert\">" + escaped(words.not_saved) + "</p>\n";
  }
  return {};
}

std::string row_html(std::string_view term, const std::string& description) {
  return "<dt>" + escaped(term) + "</dt><dd>" + description + "</dd>\n";
}

// The organiser's own label speaks to the organiser, not to its participants.
std::string recipient_html(const PageWords& words, const ShownRecipient& recipient) {
  const std::string role = escaped(words.roles.at(static_cast<std::size_t>(recipient.role)));
  const bool organiser = recipient.role == policy::Role::self;
  std::string html = "<li><b>" + (organiser ? role : escaped(recipient.name)) + "</b>, " +
                     escaped(recipient.country) + "<br><small>";
  if (!organiser) html += role + "; ";
  if (recipient.own_use) html += escaped(words.own_use) + "; ";
  if (recipient.transfer != policy::Reason::permitted)
    return html + escaped(words.no_ground) + "</small></li>\n";
  html += escaped(words.mechanisms.at(static_cast<std::size_t>(recipient.mechanism)));
  if (!recipient.instrument.empty()) html += ", " + escaped(recipient.instrument);
  return html + "</small></li>\n";
}

std::string kept_html(const PageWords& words, const policy::Retention& retention) {
  std::string html;
  if (retention.until_contract_end) html = escaped(words.until_contract_end) + ", ";
  if (retention.legal_minimum.count() > 0) {
    html +=
        std::to_string(retention.legal_minimum.count()) + ' ' + escaped(words.days_at_least) + ", ";
  }
  return html + escaped(words.disposals.at(static_cast<std::size_t>(retention.then)));
}

std::string notice_facts_html(const PageWords& words, const policy::Notice& notice) {
  if (notice.id.empty()) return {};
  std::string html = "<details><summary>" + escaped(words.about_notice) + "</summary>\n<dl>\n";
  html += row_html(words.version, escaped(notice.id + ' ' + notice.version));
  html += row_html(words.fingerprint, "<code>" + escaped(notice.hash) + "</code>");
  return html + "</dl>\n</details>\n";
}

std::string facts_html(const PageWords& words, const ShownPurpose& purpose) {
  std::string recipients = "<ul>\n";
  for (const auto& recipient : purpose.recipients)
    recipients += recipient_html(words, recipient);
  std::string html = "<dl>\n" + row_html(words.recipients, recipients + "</ul>");
  html += row_html(words.kept, kept_html(words, purpose.retention));
  if (!purpose.together_with.empty()) {
    std::string others;
    for (const auto& label : purpose.together_with)
      others += (others.empty() ? "" : ", ") + label_of(words, label);
    html += row_html(words.together_with, others);
  }
  const auto& notice = purpose.notice;
  const std::string lang = " lang=\"" + escaped(notice.language) + "\">";
  if (!notice.contact.empty())
    html += row_html(words.contact, "<span" + lang + escaped(notice.contact) + "</span>");
  if (!notice.dispute.empty())
    html += row_html(words.dispute, "<span" + lang + escaped(notice.dispute) + "</span>");
  return html + "</dl>\n" + notice_facts_html(words, notice);
}

std::string_view state_class(policy::ConsentState state) {
  if (state == policy::ConsentState::granted) return "granted";
  return state == policy::ConsentState::unknown ? "open" : "closed";
}

std::string state_html(const PageWords& words, const ShownPurpose& purpose) {
  std::string html = "<p class=\"state ";
  html.append(state_class(purpose.state)).append("\">");
  html += escaped(words.states.at(static_cast<std::size_t>(purpose.state)));
  if (purpose.state == policy::ConsentState::unknown) return html + "</p>\n";
  html += " <small>" + escaped(words.since) + ' ' + time_html(purpose.since) + "</small></p>\n";
  if (purpose.state != policy::ConsentState::granted) return html;
  return html + "<p class=\"use\">" + escaped(purpose.in_use ? words.in_use : words.not_in_use) +
         "</p>\n";
}

std::string action_html(const PageWords& words) {
  return "method=\"post\" action=\"?language=" + std::string(words.language) + "\"";
}

std::string choice_html(const PageWords& words, const ShownPurpose& purpose) {
  const std::string id = escaped(purpose.id);
  const std::string label = label_of(words, purpose.label);
  if (purpose.state == policy::ConsentState::granted) {
    return "<form " + action_html(words) +
           "><button class=\"withdraw\" name=\"withdraw\" value=\"" + id + "\">" +
           escaped(words.withdraw) + "<span class=\"unseen\">: " + label +
           "</span></button></form>\n";
  }
  return "<label class=\"box\"><input type=\"checkbox\" form=\"answer\" name=\"agree\" value=\"" +
         id + "\"> <span>" + escaped(words.agree_to) + " <b>" + label + "</b></span></label>\n";
}

std::string purpose_html(const PageWords& words, const ShownPurpose& purpose) {
  const std::string heading = "purpose-" + escaped(purpose.id);
  std::string html = "<section aria-labelledby=\"" + heading + "\">\n<h2 id=\"" + heading + "\">" +
                     label_of(words, purpose.label) + "</h2>\n" + state_html(words, purpose);
  if (!purpose.notice.id.empty()) {
    html += "<p class=\"notice\" lang=\"" + escaped(purpose.notice.language) + "\">" +
            escaped(purpose.notice.text) + "</p>\n";
  }
  if (purpose.needs_guardian) html += "<p class=\"use\">" + escaped(words.guardian) + "</p>\n";
  return html + choice_html(words, purpose) + facts_html(words, purpose) + "</section>\n";
}

// Both answers look alike: none is made the easier one.
std::string answer_html(const ConsentView& view) {
  const PageWords& words = view.words;
  bool some_open = false;
  for (const auto& purpose : view.purposes)
    some_open = some_open || purpose.state != policy::ConsentState::granted;
  std::string html = "<form id=\"answer\" " + action_html(words) +
                     " class=\"answer\">\n<input type=\"hidden\" name=\"seen\" value=\"" +
                     std::to_string(view.epoch) + '-' + view.shown + "\">\n";
  if (some_open)
    html += "<button name=\"answer\" value=\"agree\">" + escaped(words.agree) + "</button>\n";
  return html + "<button name=\"answer\" value=\"refuse\">" + escaped(words.no_to_all) +
         "</button>\n</form>\n";
}

std::string languages_html(const PageWords& words) {
  std::string html = "<nav aria-label=\"" + escaped(words.language_label) + "\"><ul>\n";
  for (const PageWords& other : page_languages()) {
    const std::string tag{other.language};
    const std::string name = escaped(other.language_name);
    html += other.language == words.language
                ? "<li><b lang=\"" + tag + "\">" + name + "</b></li>\n"
                : "<li><a href=\"?language=" + tag + "\" lang=\"" + tag + "\" hreflang=\"" + tag +
                      "\">" + name + "</a></li>\n";
  }
  return html + "</ul></nav>\n";
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string safe;
  safe.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      case '\'':
        safe += "&#39;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

HttpResponse consent_page_response(const ConsentView& view, policy::WallTime works_until,
                                   PageMessage message, unsigned status) {
  const PageWords& words = view.words;
  std::string html = head_html(words, words.title) + "<h1>" + escaped(words.title) + "</h1>\n" +
                     message_html(words, message);
  if (view.purposes.empty()) {
    html += "<p>" + escaped(words.nothing_asked) + "</p>\n";
  } else {
    html += "<p class=\"intro\">" + escaped(words.intro) + "</p>\n";
    for (const ShownPurpose& purpose : view.purposes)
      html += purpose_html(words, purpose);
    html += answer_html(view);
  }
  const bool some_answered = std::any_of(
      view.purposes.begin(), view.purposes.end(),
      [](const ShownPurpose& purpose) { return purpose.state != policy::ConsentState::unknown; });
  html += "</main>\n<footer>\n";
  if (some_answered) html += receipts_html(words);
  html += "<p>" + escaped(words.holds_for_call) + ' ' + escaped(words.works_until) + ' ' +
          time_html(works_until) + ".</p>\n" + languages_html(words) +
          "</footer>\n</body>\n</html>\n";
  return html_response(std::move(html), words.language, status);
}

HttpResponse plain_page_response(const PageWords& words, std::string_view title,
                                 std::string_view text, unsigned status, OffersReceipts offer) {
  std::string html = head_html(words, title) + "<h1>" + escaped(title) +
                     "</h1>\n<p class=\"intro\">" + escaped(text) + "</p>\n</main>\n<footer>\n" +
                     (offer == OffersReceipts::yes ? receipts_html(words) : std::string{}) +
                     languages_html(words) + "</footer>\n</body>\n</html>\n";
  return html_response(std::move(html), words.language, status);
}

}  // namespace assent::gateway
