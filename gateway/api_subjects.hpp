#pragma once

#include "gateway/disclosures.hpp"
#include "gateway/dispatcher.hpp"
#include "gateway/retention.hpp"
#include "gateway/subject_rights.hpp"

namespace assent::gateway {

// Binds the operations on subjects, and the retention. All of it outlives the dispatcher.
void bind_subjects(Dispatcher& dispatcher, SubjectRights& rights, Retention& retention);
void bind_disclosures(Dispatcher& dispatcher, Disclosures& disclosures);
void bind_aggregates(Dispatcher& dispatcher, Storage& storage, const PolicyInForce& policy);

}  // namespace assent::gateway
