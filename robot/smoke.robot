*** Settings ***
Documentation       One PDF through the whole pipeline and a page back, judged by page hash.
...                 In simulated time by default; on real sockets with: robot --variable TIME:real robot/smoke.robot
Library             rig.keywords.bench.BenchLibrary
Suite Setup         Start Bench    time=${TIME}
Suite Teardown      Stop Bench


*** Variables ***
${TIME}             simulated
${DOCUMENT}         ${CURDIR}/../fixtures/documents/two_pages.pdf
${NOT A PDF}        ${CURDIR}/../fixtures/documents/not_a_pdf.pdf
${REPLY}            ${CURDIR}/../fixtures/pages/reply.png


*** Test Cases ***
Devices Register
    Device Should Register    fax-interface-1
    Device Should Register    ata-1

A PDF Arrives As It Was Sent
    ${job} =    Submit Document    ${DOCUMENT}    fax-machine-1
    Job Should End With    ${job}    success
    Printed Pages Should Equal Job    fax-machine-1    ${job}

A Page Comes Back Into The Inbox
    ${job} =    Send Page From Machine    fax-machine-1    ${REPLY}    fax-interface-1
    Inbox Pages Should Equal Image    ${job}    ${REPLY}

A Number That No One Has Ends At Once
    ${job} =    Submit Document    ${DOCUMENT}    999
    Job Should End With    ${job}    error    within_s=60

What Is No PDF Cannot Be Converted
    ${job} =    Submit Document    ${NOT A PDF}    fax-machine-1
    Job Should End With    ${job}    convert failed    within_s=60
