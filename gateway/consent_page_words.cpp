#include "gateway/consent_page_words.hpp"

#include <array>

namespace assent::gateway {
namespace {

constexpr PageWords english{
    .language = "en",
    .language_name = "English",
    .title = "What may this call be used for?",
    .intro =
        "You decide for each purpose apart. Saying no costs you nothing: you stay in the "
        "call, and it sounds the same. You can change your mind here at any time.",
    .states = {"Not answered. Nothing of you is used for this.", "You agreed", "You said no",
               "You withdrew your consent", "Your consent has expired",
               "This purpose has changed. Your consent is suspended until you agree again"},
    .since = "since",
    .in_use = "Your voice or video is passed on for this right now.",
    .not_in_use = "Right now nothing of you is passed on for this.",
    .recipients = "Who receives it",
    .roles = {"decides for itself what to do with it", "works for the organiser, as sub-processor",
              "works for the organiser", "the organiser itself"},
    .mechanisms = {"no transfer that needs a ground of its own",
                   "adequacy decision: its protection is recognised",
                   "EU-U.S. Data Privacy Framework", "UK Extension to the Data Privacy Framework",
                   "Swiss-U.S. Data Privacy Framework", "standard contractual clauses",
                   "UK international data transfer agreement", "agreement within one group",
                   "your explicit consent", "use of the service"},
    .own_use = "also uses it for purposes of its own",
    .no_ground = "nothing is sent there: there is no lawful ground for it at present",
    .kept = "How long it is kept",
    .until_contract_end = "until the contract with the service ends",
    .days_at_least = "days at least",
    .disposals = {"then destroyed", "then erased", "then made anonymous"},
    .together_with = "Works only together with",
    .guardian = "You may be under age: a parent or guardian must agree, too.",
    .about_notice = "About this notice",
    .version = "Version",
    .fingerprint = "Fingerprint (SHA-256)",
    .contact = "Questions and complaints",
    .dispute = "Disputes",
    .agree_to = "I agree to",
    .withdraw = "Withdraw my consent",
    .agree = "Agree to what I ticked",
    .no_to_all = "No to all",
    .nothing_asked = "At present nothing is asked of you.",
    .saved = "Saved. Below is what holds now.",
    .nothing_ticked = "You ticked nothing, so nothing has changed.",
    .changed =
        "Something has changed meanwhile, and your answer was not counted. Please look "
        "again, then decide.",
    .not_saved =
        "Your answer could not be saved whole. Below is what holds now. Please try again "
        "in a moment.",
    .receipts = "Download your receipts",
    .holds_for_call = "Your answers hold for this call only.",
    .works_until = "This page works until",
    .language_label = "Language",
    .forged_title = "This link does not work",
    .forged =
        "It is not complete, or it was not made here. Open the link exactly as you got it, or "
        "ask the organiser of the call for a new one.",
    .over_title = "This link has ended",
    .over =
        "Its time is over, or you are not in the call any more. If you are in the call, ask its "
        "organiser for a new link. To withdraw a consent, tell the organiser: it takes effect "
        "at once.",
    .not_understood_title = "That did not work",
    .not_understood = "Nothing has changed. Open your link again and answer there.",
    .purposes = {"Recording", "Transcription", "Smart call summary"},
};

constexpr PageWords german{
    .language = "de",
    .language_name = "Deutsch",
    .title = "Wofür darf dieses Gespräch genutzt werden?",
    .intro =
        "Sie entscheiden für jeden Zweck einzeln. Ein Nein kostet Sie nichts: Sie bleiben im "
        "Gespräch, und es klingt genauso. Sie können es sich hier jederzeit anders überlegen.",
    .states = {"Nicht beantwortet. Von Ihnen wird dafür nichts genutzt.", "Sie haben zugestimmt",
               "Sie haben Nein gesagt", "Sie haben Ihre Einwilligung widerrufen",
               "Ihre Einwilligung ist abgelaufen",
               "Dieser Zweck hat sich geändert. Ihre Einwilligung ruht, bis Sie erneut zustimmen"},
    .since = "seit",
    .in_use = "Ihre Stimme oder Ihr Bild wird jetzt dafür weitergegeben.",
    .not_in_use = "Im Augenblick wird von Ihnen dafür nichts weitergegeben.",
    .recipients = "Wer es erhält",
    .roles = {"entscheidet selbst, was damit geschieht",
              "arbeitet als Unterauftragnehmer für den Veranstalter",
              "arbeitet für den Veranstalter", "der Veranstalter selbst"},
    .mechanisms = {"keine Übermittlung, die eine eigene Grundlage braucht",
                   "Angemessenheitsbeschluss: der Schutz dort ist anerkannt",
                   "EU-US-Datenschutzrahmen", "britische Erweiterung des Datenschutzrahmens",
                   "Datenschutzrahmen Schweiz-USA", "Standardvertragsklauseln",
                   "britische Vereinbarung über Datenübermittlungen",
                   "Vereinbarung innerhalb eines Konzerns", "Ihre ausdrückliche Einwilligung",
                   "Nutzung des Dienstes"},
    .own_use = "nutzt es auch für eigene Zwecke",
    .no_ground = "dorthin wird nichts gesendet: derzeit fehlt eine rechtliche Grundlage",
    .kept = "Wie lange es aufbewahrt wird",
    .until_contract_end = "bis der Vertrag mit dem Dienst endet",
    .days_at_least = "Tage mindestens",
    .disposals = {"dann vernichtet", "dann gelöscht", "dann anonymisiert"},
    .together_with = "Nur zusammen mit",
    .guardian =
        "Sie sind vielleicht minderjährig: ein Elternteil oder Vormund muss auch zustimmen.",
    .about_notice = "Zu diesem Hinweis",
    .version = "Fassung",
    .fingerprint = "Fingerabdruck (SHA-256)",
    .contact = "Fragen und Beschwerden",
    .dispute = "Streitigkeiten",
    .agree_to = "Ich stimme zu:",
    .withdraw = "Einwilligung widerrufen",
    .agree = "Dem Angekreuzten zustimmen",
    .no_to_all = "Nein zu allem",
    .nothing_asked = "Zurzeit werden Sie um nichts gebeten.",
    .saved = "Gespeichert. Unten steht, was jetzt gilt.",
    .nothing_ticked = "Sie haben nichts angekreuzt, also hat sich nichts geändert.",
    .changed =
        "Inzwischen hat sich etwas geändert, und Ihre Antwort wurde nicht gezählt. Bitte "
        "sehen Sie noch einmal hin und entscheiden Sie dann.",
    .not_saved =
        "Ihre Antwort konnte nicht ganz gespeichert werden. Unten steht, was jetzt gilt. "
        "Bitte versuchen Sie es gleich noch einmal.",
    .receipts = "Ihre Belege herunterladen",
    .holds_for_call = "Ihre Antworten gelten nur für dieses Gespräch.",
    .works_until = "Diese Seite gilt bis",
    .language_label = "Sprache",
    .forged_title = "Dieser Link funktioniert nicht",
    .forged =
        "Er ist unvollständig oder stammt nicht von hier. Öffnen Sie ihn genau so, wie Sie "
        "ihn bekommen haben, oder bitten Sie den Veranstalter um einen neuen.",
    .over_title = "Dieser Link gilt nicht mehr",
    .over =
        "Seine Zeit ist vorbei, oder Sie sind nicht mehr im Gespräch. Wenn Sie im Gespräch "
        "sind, bitten Sie den Veranstalter um einen neuen Link. Um eine Einwilligung zu "
        "widerrufen, sagen Sie es dem Veranstalter: das wirkt sofort.",
    .not_understood_title = "Das hat nicht geklappt",
    .not_understood =
        "Es hat sich nichts geändert. Öffnen Sie Ihren Link noch einmal und antworten "
        "Sie dort.",
    .purposes = {"Aufzeichnung", "Mitschrift", "Zusammenfassung des Gesprächs"},
};

constexpr PageWords french{
    .language = "fr",
    .language_name = "Français",
    .title = "À quoi cet appel peut-il servir ?",
    .intro =
        "Vous décidez pour chaque finalité séparément. Refuser ne vous coûte rien : vous "
        "restez dans l’appel, et le son est le même. Vous pouvez changer d’avis ici à tout "
        "moment.",
    .states = {"Sans réponse. Rien de vous n’est utilisé pour cela.", "Vous avez accepté",
               "Vous avez dit non", "Vous avez retiré votre consentement",
               "Votre consentement a expiré",
               "Cette finalité a changé. Votre consentement est suspendu jusqu’à un nouvel accord"},
    .since = "depuis",
    .in_use = "Votre voix ou votre image est transmise pour cela en ce moment.",
    .not_in_use = "En ce moment, rien de vous n’est transmis pour cela.",
    .recipients = "Qui le reçoit",
    .roles = {"décide lui-même de ce qu’il en fait",
              "travaille pour l’organisateur, comme sous-traitant ultérieur",
              "travaille pour l’organisateur", "l’organisateur lui-même"},
    .mechanisms = {"aucun transfert qui exige un fondement propre",
                   "décision d’adéquation : la protection y est reconnue",
                   "cadre de protection des données UE-États-Unis",
                   "extension britannique du cadre de protection des données",
                   "cadre de protection des données Suisse-États-Unis",
                   "clauses contractuelles types",
                   "accord britannique de transfert international de données",
                   "accord au sein d’un groupe", "votre consentement explicite",
                   "utilisation du service"},
    .own_use = "l’utilise aussi pour ses propres fins",
    .no_ground = "rien n’y est envoyé : il n’y a pas de fondement légal pour le moment",
    .kept = "Durée de conservation",
    .until_contract_end = "jusqu’à la fin du contrat avec le service",
    .days_at_least = "jours au moins",
    .disposals = {"puis détruit", "puis effacé", "puis rendu anonyme"},
    .together_with = "Seulement avec",
    .guardian = "Vous êtes peut-être mineur : un parent ou tuteur doit aussi accepter.",
    .about_notice = "À propos de cet avis",
    .version = "Version",
    .fingerprint = "Empreinte (SHA-256)",
    .contact = "Questions et réclamations",
    .dispute = "Litiges",
    .agree_to = "J’accepte :",
    .withdraw = "Retirer mon consentement",
    .agree = "Accepter ce que j’ai coché",
    .no_to_all = "Non à tout",
    .nothing_asked = "Pour le moment, rien ne vous est demandé.",
    .saved = "Enregistré. Voici ce qui vaut maintenant.",
    .nothing_ticked = "Vous n’avez rien coché : rien n’a changé.",
    .changed =
        "Quelque chose a changé entre-temps, et votre réponse n’a pas été prise en compte. "
        "Veuillez regarder à nouveau, puis décider.",
    .not_saved =
        "Votre réponse n’a pas pu être entièrement enregistrée. Voici ce qui vaut "
        "maintenant. Veuillez réessayer dans un instant.",
    .receipts = "Télécharger vos reçus",
    .holds_for_call = "Vos réponses ne valent que pour cet appel.",
    .works_until = "Cette page est valable jusqu’au",
    .language_label = "Langue",
    .forged_title = "Ce lien ne fonctionne pas",
    .forged =
        "Il est incomplet ou ne vient pas d’ici. Ouvrez le lien exactement comme vous l’avez "
        "reçu, ou demandez-en un nouveau à l’organisateur de l’appel.",
    .over_title = "Ce lien n’est plus valable",
    .over =
        "Son délai est passé, ou vous n’êtes plus dans l’appel. Si vous y êtes, demandez un "
        "nouveau lien à l’organisateur. Pour retirer un consentement, dites-le à "
        "l’organisateur : cela prend effet aussitôt.",
    .not_understood_title = "Cela n’a pas marché",
    .not_understood = "Rien n’a changé. Ouvrez à nouveau votre lien et répondez-y.",
    .purposes = {"Enregistrement", "Transcription", "Résumé de l’appel"},
};

constexpr PageWords spanish{
    .language = "es",
    .language_name = "Español",
    .title = "¿Para qué se puede usar esta llamada?",
    .intro =
        "Usted decide sobre cada fin por separado. Decir que no no le cuesta nada: sigue en la "
        "llamada y se oye igual. Puede cambiar de opinión aquí en cualquier momento.",
    .states =
        {"Sin respuesta. No se usa nada de usted para esto.", "Usted aceptó", "Usted dijo que no",
         "Usted retiró su consentimiento", "Su consentimiento ha caducado",
         "Este fin ha cambiado. Su consentimiento queda suspendido hasta que acepte de nuevo"},
    .since = "desde",
    .in_use = "Su voz o su imagen se transmite para esto en este momento.",
    .not_in_use = "En este momento no se transmite nada de usted para esto.",
    .recipients = "Quién lo recibe",
    .roles = {"decide por sí mismo qué hacer con ello",
              "trabaja para el organizador, como subencargado", "trabaja para el organizador",
              "el propio organizador"},
    .mechanisms = {"ninguna transferencia que exija un fundamento propio",
                   "decisión de adecuación: su protección está reconocida",
                   "Marco de Privacidad de Datos UE-EE. UU.",
                   "extensión británica del Marco de Privacidad de Datos",
                   "Marco de Privacidad de Datos Suiza-EE. UU.", "cláusulas contractuales tipo",
                   "acuerdo británico de transferencia internacional de datos",
                   "acuerdo dentro de un grupo", "su consentimiento explícito", "uso del servicio"},
    .own_use = "también lo usa para sus propios fines",
    .no_ground = "no se envía nada allí: por ahora no hay fundamento legal",
    .kept = "Cuánto tiempo se conserva",
    .until_contract_end = "hasta que termine el contrato con el servicio",
    .days_at_least = "días como mínimo",
    .disposals = {"después se destruye", "después se borra", "después se anonimiza"},
    .together_with = "Solo junto con",
    .guardian = "Puede que usted sea menor de edad: un padre, madre o tutor también debe aceptar.",
    .about_notice = "Sobre este aviso",
    .version = "Versión",
    .fingerprint = "Huella (SHA-256)",
    .contact = "Preguntas y quejas",
    .dispute = "Litigios",
    .agree_to = "Acepto:",
    .withdraw = "Retirar mi consentimiento",
    .agree = "Aceptar lo que he marcado",
    .no_to_all = "No a todo",
    .nothing_asked = "Por ahora no se le pide nada.",
    .saved = "Guardado. Esto es lo que vale ahora.",
    .nothing_ticked = "No ha marcado nada, así que nada ha cambiado.",
    .changed =
        "Entretanto algo ha cambiado y su respuesta no se ha contado. Vuelva a mirar y "
        "decida después.",
    .not_saved =
        "Su respuesta no se pudo guardar por completo. Esto es lo que vale ahora. Inténtelo "
        "de nuevo en un momento.",
    .receipts = "Descargar sus comprobantes",
    .holds_for_call = "Sus respuestas valen solo para esta llamada.",
    .works_until = "Esta página funciona hasta",
    .language_label = "Idioma",
    .forged_title = "Este enlace no funciona",
    .forged =
        "Está incompleto o no se hizo aquí. Abra el enlace tal como lo recibió, o pida uno "
        "nuevo al organizador de la llamada.",
    .over_title = "Este enlace ya no vale",
    .over =
        "Su plazo ha pasado, o usted ya no está en la llamada. Si está en ella, pida un enlace "
        "nuevo al organizador. Para retirar un consentimiento, dígaselo al organizador: surte "
        "efecto al instante.",
    .not_understood_title = "No ha funcionado",
    .not_understood = "Nada ha cambiado. Abra de nuevo su enlace y responda allí.",
    .purposes = {"Grabación", "Transcripción", "Resumen de la llamada"},
};

constexpr PageWords dutch{
    .language = "nl",
    .language_name = "Nederlands",
    .title = "Waarvoor mag dit gesprek worden gebruikt?",
    .intro =
        "U beslist over elk doel apart. Nee zeggen kost u niets: u blijft in het gesprek, en "
        "het klinkt hetzelfde. U kunt hier op elk moment van gedachten veranderen.",
    .states = {"Niet beantwoord. Van u wordt hiervoor niets gebruikt.", "U hebt ingestemd",
               "U hebt nee gezegd", "U hebt uw toestemming ingetrokken",
               "Uw toestemming is verlopen",
               "Dit doel is veranderd. Uw toestemming is opgeschort tot u opnieuw instemt"},
    .since = "sinds",
    .in_use = "Uw stem of beeld wordt hiervoor nu doorgegeven.",
    .not_in_use = "Op dit moment wordt hiervoor niets van u doorgegeven.",
    .recipients = "Wie het ontvangt",
    .roles = {"beslist zelf wat het ermee doet", "werkt als subverwerker voor de organisator",
              "werkt voor de organisator", "de organisator zelf"},
    .mechanisms = {"geen doorgifte die een eigen grondslag nodig heeft",
                   "adequaatheidsbesluit: de bescherming daar is erkend",
                   "EU-VS-kader voor gegevensbescherming",
                   "Britse uitbreiding van het kader voor gegevensbescherming",
                   "Zwitsers-Amerikaans kader voor gegevensbescherming", "modelcontractbepalingen",
                   "Britse overeenkomst over gegevensdoorgifte", "overeenkomst binnen een concern",
                   "uw uitdrukkelijke toestemming", "gebruik van de dienst"},
    .own_use = "gebruikt het ook voor eigen doelen",
    .no_ground = "daarheen wordt niets gestuurd: er is nu geen rechtmatige grondslag voor",
    .kept = "Hoe lang het wordt bewaard",
    .until_contract_end = "tot het contract met de dienst eindigt",
    .days_at_least = "dagen minstens",
    .disposals = {"dan vernietigd", "dan gewist", "dan geanonimiseerd"},
    .together_with = "Alleen samen met",
    .guardian = "U bent misschien minderjarig: een ouder of voogd moet ook instemmen.",
    .about_notice = "Over deze kennisgeving",
    .version = "Versie",
    .fingerprint = "Vingerafdruk (SHA-256)",
    .contact = "Vragen en klachten",
    .dispute = "Geschillen",
    .agree_to = "Ik stem in met:",
    .withdraw = "Toestemming intrekken",
    .agree = "Instemmen met wat ik aankruiste",
    .no_to_all = "Nee tegen alles",
    .nothing_asked = "Op dit moment wordt u niets gevraagd.",
    .saved = "Opgeslagen. Hieronder staat wat nu geldt.",
    .nothing_ticked = "U hebt niets aangekruist, dus er is niets veranderd.",
    .changed =
        "Intussen is er iets veranderd, en uw antwoord is niet geteld. Kijk nog eens, en "
        "beslis dan.",
    .not_saved =
        "Uw antwoord kon niet helemaal worden opgeslagen. Hieronder staat wat nu geldt. "
        "Probeer het zo meteen nog eens.",
    .receipts = "Uw ontvangstbewijzen downloaden",
    .holds_for_call = "Uw antwoorden gelden alleen voor dit gesprek.",
    .works_until = "Deze pagina werkt tot",
    .language_label = "Taal",
    .forged_title = "Deze link werkt niet",
    .forged =
        "Hij is niet volledig, of niet hier gemaakt. Open de link precies zoals u hem kreeg, "
        "of vraag de organisator van het gesprek om een nieuwe.",
    .over_title = "Deze link is voorbij",
    .over =
        "Zijn tijd is om, of u bent niet meer in het gesprek. Bent u in het gesprek, vraag de "
        "organisator dan om een nieuwe link. Wilt u toestemming intrekken, zeg het de "
        "organisator: het werkt meteen.",
    .not_understood_title = "Dat lukte niet",
    .not_understood = "Er is niets veranderd. Open uw link opnieuw en antwoord daar.",
    .purposes = {"Opname", "Transcriptie", "Samenvatting van het gesprek"},
};

constexpr std::array languages{english, german, french, spanish, dutch};

}  // namespace

std::span<const PageWords> page_languages() {
  return languages;
}

}  // namespace assent::gateway
