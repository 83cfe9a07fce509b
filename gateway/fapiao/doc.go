// Package fapiao reads, checks and writes Chinese fully digital e-invoices
// (数电票) in the XML form of the State Taxation Administration: the root
// EInvoice with Header, EInvoiceData and TaxSupervisionInfo.
//
// No schema is published; the fields are those that issued invoices carry.
// The rules have ids of their own, FAPIAO-…. Amounts are exact, and those in
// Chinese words are held against the figures. The package refuses what package
// safexml refuses; signatures of the tax authority are not verified here, and
// stay in what is not read.
package fapiao
